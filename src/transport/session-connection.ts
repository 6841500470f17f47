import type { Socket } from 'node:net'
import type { ByteString } from '../domain/byte-string.ts'
import type { EndReason } from '../domain/delivery-channel.ts'
import { Fault, type FaultCode } from '../domain/fault.ts'
import type { Item } from '../domain/message.ts'
import type { Claim, Session } from '../domain/messaging.ts'
import { CLIENT_FRAMES, encodeFault, encodeFrame, encodeItems, SessionDecoder } from '../wire/session.ts'
import { PeerWatch } from './peer-watch.ts'
import type { SessionContext, SessionPeer } from './session-context.ts'
import { type RequestingPeer, SessionRequests } from './session-requests.ts'
import { listenTo, type SocketListener } from './socket-listener.ts'
import { type BlockedListener, TickWriter } from './tick-writer.ts'

/** What BYE says when a session ends on the server's account; the others leave the connection as it is. */
const GOODBYES: Readonly<Partial<Record<EndReason, string>>> = {
  takeover: 'takeover',
  unregistered: 'unregistered',
  credential: 'credential',
  shutdown: 'shutdown',
}

/**
 * One connection of the session protocol: the life of its socket, and the channel on which a mailbox is delivered. What one
 * tick brings leaves in one write.
 */
export class SessionConnection implements RequestingPeer, BlockedListener, SocketListener {
  readonly context: SessionContext
  readonly address: string
  readonly window: number
  open = true
  /** The connection closes once the requests that were taken are answered. */
  leaving = false
  session: Session | undefined
  authenticated: SessionPeer['authenticated']
  exchange: SessionPeer['exchange']
  files: SessionPeer['files']
  readonly #socket: Socket
  readonly #decoder: SessionDecoder
  readonly #watch: PeerWatch
  readonly #writer: TickWriter
  readonly #requests: SessionRequests
  #reading = true
  /** Sent last. */
  #goodbye = ''

  constructor(socket: Socket, address: string, context: SessionContext) {
    this.#socket = socket
    this.address = address
    this.context = context
    this.window = context.window
    this.#watch = new PeerWatch(context)
    this.#requests = new SessionRequests(this)
    this.#decoder = new SessionDecoder(CLIENT_FRAMES, context.maxFrameBytes, (operation, fields) =>
      this.#requests.take(operation, fields),
    )
    this.#writer = new TickWriter(socket, context.maxUnreadBytes, this)
    listenTo(socket, this)
  }

  /** Decodes a chunk and carries out what is in it. */
  read(chunk: Buffer): void {
    if (this.leaving) return
    this.#requests.beginChunk()
    const breach = this.#decoder.decode(chunk)
    this.#watch.heard(chunk.length, this.#decoder.begun)
    this.#requests.handOn()
    if (breach !== undefined)
      this.refuse(breach === 'frame too large' ? 'too-large' : 'invalid-request', breach)
  }

  claim(): Claim {
    const name = this.session?.user ?? this.authenticated?.user
    if (name === undefined) throw new Fault('not-connected', 'CONNECT first')
    return this.claimAs(name)
  }

  claimAs(name: ByteString): Claim {
    const proof = name === this.authenticated?.user ? this.authenticated.verifier : ('' as ByteString)
    return { name, proof }
  }

  push(items: readonly Item[]): boolean {
    this.#writer.write(encodeItems(items))
    return !this.#writer.blocked
  }

  async close(reason: EndReason): Promise<void> {
    this.session = undefined
    void this.files?.close()
    this.files = undefined
    const goodbye = GOODBYES[reason]
    if (goodbye !== undefined) this.leave(goodbye)
  }

  /** Looks whether the peer lives; to be called every `checkMs`. @param n the number of a PING, if it takes one. */
  check(n: number): void {
    if (this.#requests.unanswered > 0 || (this.#writer.blocked && !this.leaving)) {
      this.#watch.excuse()
      return
    }
    const verdict = this.#watch.verdict()
    if (verdict === 'gone') this.#cut('silent')
    else if (verdict === 'slow') this.refuse('invalid-request', 'a request took too long to arrive')
    else if (verdict === 'ask' && this.#requests.opened) this.#writer.write(encodeFrame('PING', n))
  }

  /** Takes no more requests, answers those that were taken, says goodbye if there is a reason, and closes. */
  leave(goodbye?: string): void {
    if (this.leaving) return
    this.leaving = true
    if (goodbye !== undefined && this.#requests.opened) this.#goodbye = encodeFrame('BYE', goodbye)
    if (this.#requests.unanswered === 0) this.#finish()
  }

  /** The peer does not read what waits for it, or reads again. */
  onBlocked(blocked: boolean): void {
    this.#updateReading()
    // While nothing is read from it, only what it reads shows that it lives: node counts that as activity.
    this.#socket.setTimeout(blocked ? 2 * this.context.heartbeatMs : 0)
    if (!blocked) this.session?.resume()
  }

  onDrain(): void {
    this.#writer.drained()
  }

  onTimeout(): void {
    this.#cut('reads nothing')
  }

  onEnd(): void {
    // Comes also while nothing is read.
    this.#requests.end()
  }

  onClose(): void {
    this.open = false
    this.context.connections.delete(this)
    this.leaving = true
    void this.session?.end('gone')
    // Without a session there may be files all the same, after AUTH.
    void this.close('gone')
  }

  /** What cannot be answered by its ref: says why and closes, since what follows cannot be trusted. */
  refuse(code: FaultCode, reason: string): void {
    this.#requests.handOn()
    this.#writer.write(encodeFault('-', code, reason))
    this.leave()
  }

  write(frames: string): void {
    this.#writer.write(frames)
  }

  unansweredChanged(): void {
    if (this.leaving && this.#requests.unanswered === 0) this.#finish()
    else this.#updateReading()
  }

  #cut(why: string): void {
    this.context.observer.refused?.(this.address, why)
    this.#socket.destroy()
  }

  /** Nothing is read beyond the window of unanswered requests, nor from a peer that does not read (wire-protocol 2). */
  #updateReading(): void {
    const reading =
      !this.#requests.exclusive && !this.#writer.blocked && this.#requests.unanswered < this.window
    if (reading === this.#reading) return
    this.#reading = reading
    if (reading) this.#socket.resume()
    else this.#socket.pause()
  }

  #finish(): void {
    this.#writer.write(this.#goodbye)
    this.#writer.flush()
    this.#socket.end()
    // What the peer still sends is thrown away until it closes, or its time is up.
    this.#socket.resume()
    this.#watch.dismiss()
  }
}
