import type { Socket } from 'node:net'
import type { ByteString } from '../domain/byte-string.ts'
import type { EndReason } from '../domain/delivery-channel.ts'
import { Fault, type FaultCode } from '../domain/fault.ts'
import { type Item, MAX_REF_BYTES } from '../domain/message.ts'
import type { Claim, Session } from '../domain/messaging.ts'
import type { Verb } from '../domain/observer.ts'
import {
  CLIENT_FRAMES,
  encodeFault,
  encodeFrame,
  encodeItem,
  encodeOk,
  SESSION_VERSION,
  SessionDecoder,
} from '../wire/session.ts'
import { GatheredRequests, type GatheringPeer } from './gathered-requests.ts'
import { PeerWatch } from './peer-watch.ts'
import type { RequestAllowance } from './request-limit.ts'
import type { SessionContext, SessionPeer } from './session-context.ts'
import { SESSION_OPERATIONS } from './session-operations.ts'
import { listenTo, type SocketListener } from './socket-listener.ts'
import { type BlockedListener, TickWriter } from './tick-writer.ts'

/** What BYE says when a session ends on the server's account; the others leave the connection as it is. */
const GOODBYES: Readonly<Partial<Record<EndReason, string>>> = {
  takeover: 'takeover',
  unregistered: 'unregistered',
  credential: 'credential',
  shutdown: 'shutdown',
}

/** In the log, whoever has not said who. */
const NOBODY = '-' as ByteString

type Frame = readonly [operation: string, fields: readonly ByteString[]]

/**
 * One connection of the session protocol: reads requests, answers them in the order they are done, and is the channel
 * on which a mailbox is delivered. What one tick brings leaves in one write.
 */
export class SessionConnection implements SessionPeer, GatheringPeer, BlockedListener, SocketListener {
  readonly context: SessionContext
  readonly address: string
  readonly window: number
  open = true
  session: Session | undefined
  authenticated: SessionPeer['authenticated']
  exchange: SessionPeer['exchange']
  files: SessionPeer['files']
  readonly #socket: Socket
  readonly #decoder: SessionDecoder
  readonly #watch: PeerWatch
  readonly #allowance: RequestAllowance
  /** Looked up once a chunk. */
  #allowanceSpent = false
  #opened = false
  /** No more requests are taken; the connection closes once those that were are answered. */
  #leaving = false
  readonly #writer: TickWriter
  readonly #gathered = new GatheredRequests(this)
  #unanswered = 0
  /** A request that changes who this connection is under way: what came behind it waits, in order. */
  #exclusive = false
  #held: Frame[] | undefined
  #reading = true
  /** The peer sends no more. */
  #ended = false

  constructor(socket: Socket, address: string, context: SessionContext) {
    this.#socket = socket
    this.address = address
    this.context = context
    this.window = context.window
    this.#watch = new PeerWatch(context)
    this.#allowance = context.requestLimit.of(address)
    this.#decoder = new SessionDecoder(CLIENT_FRAMES, context.maxFrameBytes, (operation, fields) => {
      if (this.#exclusive) this.#hold([operation, fields])
      else this.#onFrame(operation, fields)
    })
    this.#writer = new TickWriter(socket, context.maxUnreadBytes, this)
    listenTo(socket, this)
  }

  /** Decodes a chunk and carries out what is in it. */
  read(chunk: Buffer): void {
    if (this.#leaving) return
    this.#allowanceSpent = this.#allowance.spent()
    const breach = this.#decoder.decode(chunk)
    this.#watch.heard(chunk.length, this.#decoder.begun)
    this.#gathered.handOn()
    if (breach !== undefined)
      this.#refuse(breach === 'frame too large' ? 'too-large' : 'invalid-request', breach)
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
    let frames = ''
    for (const item of items) frames += encodeItem(item)
    this.#writer.write(frames)
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
    if (this.#unanswered > 0 || (this.#writer.blocked && !this.#leaving)) {
      this.#watch.excuse()
      return
    }
    const verdict = this.#watch.verdict()
    if (verdict === 'gone') this.#cut('silent')
    else if (verdict === 'slow') this.#refuse('invalid-request', 'a request took too long to arrive')
    else if (verdict === 'ask' && this.#opened) this.#writer.write(encodeFrame('PING', n))
  }

  /** Takes no more requests, answers those that were taken, says goodbye if there is a reason, and closes. */
  leave(goodbye?: string): void {
    if (this.#leaving) return
    this.#leaving = true
    if (goodbye !== undefined && this.#opened) this.#goodbye = encodeFrame('BYE', goodbye)
    if (this.#unanswered === 0) this.#finish()
  }

  #goodbye = ''

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
    // Comes also while nothing is read: what was taken in before is still carried out.
    this.#ended = true
    if (!this.#exclusive) this.leave()
  }

  onClose(): void {
    this.open = false
    this.context.connections.delete(this)
    this.#leaving = true
    void this.session?.end('gone')
    // Without a session there may be files all the same, after AUTH.
    void this.close('gone')
  }

  #cut(why: string): void {
    this.context.observer.refused?.(this.address, why)
    this.#socket.destroy()
  }

  #onFrame(operation: string, fields: readonly ByteString[]): void {
    if (this.#leaving) return
    if (!this.#opened) this.#open(operation, fields)
    else if (operation === 'SEND') this.#collectSend(fields)
    else if (operation === 'ACK') this.#collectAck(fields[0] as ByteString)
    else if (Object.hasOwn(SESSION_OPERATIONS, operation))
      this.#request(operation as Exclude<Verb, 'SEND'>, fields)
    else if (operation === 'SESSION') this.#refuse('invalid-request', 'the session is open already')
    // What is left is PONG: a sign of life, which every chunk is.
  }

  #open(operation: string, [version]: readonly ByteString[]): void {
    if (operation !== 'SESSION' || version !== SESSION_VERSION) {
      this.#refuse('unsupported-version', `this server speaks version ${SESSION_VERSION}`)
      return
    }
    this.#opened = true
    const { maxTextBytes, window, heartbeatSeconds } = this.context
    this.#writer.write(encodeFrame('SESSION', SESSION_VERSION, maxTextBytes, window, heartbeatSeconds))
  }

  #collectSend(fields: readonly ByteString[]): void {
    const ref = fields[0] as ByteString
    if (this.#mayAsk('SEND', ref)) this.#gathered.send(fields)
  }

  #collectAck(seq: ByteString): void {
    if (/^\d{1,16}$/.test(seq)) this.#gathered.confirm(Number(seq))
    else this.#refuse('invalid-request', 'ACK takes a seq')
  }

  /** Every other request is carried out alone, so that what follows it finds its effect; but for those that move files. */
  #request(verb: Exclude<Verb, 'SEND'>, [ref, ...fields]: readonly ByteString[]): void {
    if (ref === undefined || !this.#mayAsk(verb, ref)) return
    this.#gathered.handOn()
    const { run, replied, user, unfinished, beside } = SESSION_OPERATIONS[verb]
    const weight = beside === undefined ? 1 : Math.ceil(this.window * beside)
    const name = user(this, fields) ?? NOBODY
    const { observer } = this.context
    this.#exclusive ||= beside === undefined
    this.begin(1, weight)
    const end = beside === undefined ? () => this.#endExclusive() : () => this.done(weight)
    run(this, fields, ref).then(
      (result) => {
        if (unfinished?.(this) !== true) observer.request?.(verb, name, 'ok')
        this.#writer.write(encodeOk(ref, result))
        replied?.(this)
        end()
      },
      (error) => {
        observer.request?.(verb, name, Fault.from(error).code)
        this.fault(ref, error)
        end()
      },
    )
  }

  #endExclusive(): void {
    this.#exclusive = false
    const held = this.#held ?? []
    this.#held = undefined
    for (const [operation, fields] of held) {
      if (this.#exclusive) this.#hold([operation, fields])
      else this.#onFrame(operation, fields)
    }
    this.#gathered.handOn()
    if (this.#ended && !this.#exclusive) this.leave()
    this.done(1)
  }

  #hold(frame: Frame): void {
    this.#held ??= []
    this.#held.push(frame)
  }

  /** Refuses a request that has no proper ref, or is beyond what its source may ask. */
  #mayAsk(verb: Verb, ref: ByteString): boolean {
    if (ref.length === 0 || ref.length > MAX_REF_BYTES) {
      this.#refuse('invalid-request', `a ref has 1 to ${MAX_REF_BYTES} bytes`)
      return false
    }
    if (this.#allowanceSpent) {
      const { requestLimit, observer } = this.context
      observer.request?.(verb, NOBODY, requestLimit.refusal.code)
      this.fault(ref, requestLimit.refusal)
    }
    return !this.#allowanceSpent
  }

  /** What cannot be answered by its ref: says why and closes, since what follows cannot be trusted. */
  #refuse(code: FaultCode, reason: string): void {
    this.#gathered.handOn()
    this.#writer.write(encodeFault('-', code, reason))
    this.leave()
  }

  write(frames: string): void {
    this.#writer.write(frames)
  }

  fault(ref: ByteString, error: unknown): void {
    if (!(error instanceof Fault)) this.context.observer.internalError?.('session', error)
    const { code, message } = Fault.from(error)
    this.#writer.write(encodeFault(ref, code, message))
  }

  /** @param weight the part of the window that these requests take. */
  begin(count: number, weight = count): void {
    this.#allowance.spend(count)
    this.#unanswered += weight
    this.#updateReading()
  }

  done(count: number): void {
    this.#unanswered -= count
    if (this.#leaving && this.#unanswered === 0) this.#finish()
    else this.#updateReading()
  }

  /** Nothing is read beyond the window of unanswered requests, nor from a peer that does not read (wire-protocol 2). */
  #updateReading(): void {
    const reading = !this.#exclusive && !this.#writer.blocked && this.#unanswered < this.window
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
