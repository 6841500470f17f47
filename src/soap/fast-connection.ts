import type { Socket } from 'node:net'
import { originOf, type ProxyTrust } from './caller-origin.ts'
import type { Caller } from './context.ts'
import type { SoapEndpoint } from './endpoint.ts'
import type { BodyStream, SoapResponse } from './exchange.ts'
import { writeReply, writeStreamedReply } from './fast-reply.ts'
import type { HeldBytes } from './held-bytes.ts'
import { isBodyStream } from './http-body.ts'
import { type PlainHead, parsePlainHead } from './plain-head.ts'

/** What all connections of a server share. */
export interface FastServer {
  readonly endpoints: ReadonlyMap<string, SoapEndpoint>
  readonly held: HeldBytes
  readonly trusts: ProxyTrust
  /** A call was answered. */
  answered(): void
  /** A clock that need not be finer than the shortest of its times, in milliseconds. */
  now(): number
  /** How long a caller may take nothing of an answer that is written as it is made, in milliseconds. */
  readonly stallMs: number
  /** Is the server about to close: connections end with the answer under way. */
  closing(): boolean
  /** The connection is node:http's from now on, which reads on from what was put back. */
  handOver(socket: Socket): void
  /** The connection is none of ours any more. */
  forget(connection: FastConnection): void
}

/** What a connection waits for: its first request, the rest of one, the operation, the caller's reading, the next request. */
export type Waiting = 'first' | 'rest' | 'answer' | 'drain' | 'next'

/** A head that is longer is not ours. */
const MAX_HEAD = 8 * 1024
/** A body that is longer is not ours either: node:http reads it as it comes. */
const MAX_BODY = 56 * 1024
/** What may arrive while an operation works; the rest stays with the caller. */
const MAX_AHEAD = 64 * 1024
/** A message that does not arrive whole is waited for in so many pieces. */
const MAX_PIECES = 8
const HEAD_END = Buffer.from('\r\n\r\n')
const POST = 'POST /'
/** What no plain head has anywhere: line ends that are not both characters, controls, what is not ASCII. */
const ODD = /[^\r\n -~]|(?<!\r)\n|\r(?!\n|$)/

/** A head that was read last, with its bytes: callers send the same one again and again. */
interface Known {
  readonly bytes: Buffer
  readonly head: PlainHead
  readonly endpoint: SoapEndpoint
  readonly caller: Caller
}

/** Are these the bytes from there on. Compared where they are: to make a string of them first is garbage with each call. */
function startsWith(bytes: Buffer, start: Buffer, at: number): boolean {
  const end = at + start.length
  return end <= bytes.length && bytes.compare(start, 0, start.length, at, end) === 0
}

/** A connection while all that came on it was plain. It answers one request after the other. */
export class FastConnection {
  waiting: Waiting = 'first'
  /** When it began to wait, by the server's clock. */
  since: number
  private readonly socket: Socket
  private readonly server: FastServer
  /** Of the connection; who calls may be somebody behind a proxy (`originOf`). */
  readonly secure: boolean
  readonly remoteAddress: string | undefined
  private buffered: Buffer | undefined = undefined
  private pieces = 0
  private known: Known | undefined = undefined
  private gone: (() => void) | undefined = undefined
  private ended = false
  /** What it holds, as it was counted last. */
  private holding = 0

  constructor(socket: Socket, server: FastServer) {
    this.socket = socket
    this.server = server
    this.since = server.now()
    this.secure = 'encrypted' in socket
    this.remoteAddress = socket.remoteAddress
    socket.on('data', this.onData)
    socket.on('end', this.onEnd)
    socket.on('close', this.onClose)
    socket.on('error', this.onError)
    socket.on('drain', this.onDrain)
  }

  /** Gives the connection to node:http, with what was not answered yet. Only while it waits for something to arrive. */
  release(): void {
    const { socket, buffered } = this
    if (this.ended) {
      this.cut()
      return
    }
    socket.off('data', this.onData)
    socket.off('end', this.onEnd)
    socket.off('close', this.onClose)
    socket.off('error', this.onError)
    socket.off('drain', this.onDrain)
    this.server.forget(this)
    this.hold(0)
    // Stopped, so that what is put back is read first, and by its new owner.
    socket.pause()
    if (buffered !== undefined) socket.unshift(buffered)
    this.buffered = undefined
    this.server.handOver(socket)
    socket.resume()
  }

  /** Cuts the connection, with these last words as they are. */
  cut(words?: string): void {
    if (words === undefined) this.socket.destroy()
    else {
      this.socket.write(words, 'latin1')
      this.socket.destroySoon()
    }
  }

  private readonly onData = (chunk: Buffer): void => {
    const { buffered } = this
    const bytes = buffered === undefined ? chunk : Buffer.concat([buffered, chunk])
    if (this.waiting === 'answer' || this.waiting === 'drain') {
      this.buffered = bytes
      this.hold(bytes.length + this.socket.writableLength)
      if (bytes.length > MAX_AHEAD) this.socket.pause()
    } else this.read(bytes)
  }

  /** Answers what is there. */
  private read(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      const known = this.headAt(bytes, at)
      if (known === undefined) {
        this.giveUp(bytes, at)
        return
      }
      const bodyAt = known === 'incomplete' ? 0 : at + known.bytes.length
      if (known === 'incomplete' || bodyAt + known.head.contentLength > bytes.length) {
        this.wait(bytes, at)
        return
      }
      const { head, endpoint, caller } = known
      const end = bodyAt + head.contentLength
      at = end
      this.pieces = 0
      const answer = endpoint.handle({
        caller,
        contentType: head.contentType,
        contentEncoding: head.contentEncoding,
        acceptEncoding: head.acceptEncoding,
        soapAction: head.soapAction,
        body: bytes.subarray(bodyAt, end),
      })
      if ('status' in answer && this.write(answer)) continue
      this.buffered = at < bytes.length ? bytes.subarray(at) : undefined
      if (!('status' in answer)) this.waitFor(answer)
      return
    }
    this.buffered = undefined
    this.pieces = 0
    this.waiting = 'next'
    this.since = this.server.now()
    if (this.holding > 0) this.hold(0)
  }

  private hold(bytes: number): void {
    this.server.held.add(bytes - this.holding)
    this.holding = bytes
  }

  /** The head that begins here; undefined: there is one that is not ours. */
  private headAt(bytes: Buffer, at: number): Known | 'incomplete' | undefined {
    const { known } = this
    if (known !== undefined && startsWith(bytes, known.bytes, at)) return known
    const end = bytes.indexOf(HEAD_END, at)
    if (end === -1) {
      const start = bytes.toString('latin1', at, at + MAX_HEAD)
      const begins = POST.startsWith(start.slice(0, POST.length))
      return begins && start.length < MAX_HEAD && !ODD.test(start) ? 'incomplete' : undefined
    }
    if (end - at > MAX_HEAD) return undefined
    const head = parsePlainHead(bytes.toString('latin1', at, end))
    const endpoint = head === undefined ? undefined : this.server.endpoints.get(head.path)
    if (head === undefined || endpoint === undefined) return undefined
    const { contentLength } = head
    if (contentLength > endpoint.limits.bodyBytes || contentLength > MAX_BODY) return undefined
    const { authorization } = head
    const { remoteAddress, secure, forwarded } = originOf(this, head.forwarding, this.server.trusts)
    const onGone = (listener: () => void): void => {
      this.gone = listener
    }
    const caller = { authorization, remoteAddress, secure, forwarded, onGone }
    // A copy: what was read would be kept with it.
    this.known = { bytes: Buffer.from(bytes.subarray(at, end + HEAD_END.length)), head, endpoint, caller }
    return this.known
  }

  /** The request that begins here is not for us: nothing of it was looked at by anybody but us. */
  private giveUp(bytes: Buffer, at: number): void {
    this.buffered = bytes.subarray(at)
    this.release()
  }

  private wait(bytes: Buffer, at: number): void {
    const length = bytes.length - at
    // Where there is no room, node:http's handler is the one that says so.
    const hasRoom = this.server.held.hasRoom(length - this.holding, length)
    if (++this.pieces > MAX_PIECES || !hasRoom || this.server.closing()) {
      this.giveUp(bytes, at)
      return
    }
    this.hold(length)
    this.buffered = bytes.subarray(at)
    if (this.waiting === 'rest') return
    this.waiting = 'rest'
    this.since = this.server.now()
  }

  private waitFor(answer: Promise<SoapResponse>): void {
    this.waiting = 'answer'
    answer.then(
      (response) => {
        if (this.ended || !this.write(response)) return
        this.readOn()
      },
      () => this.cut(),
    )
  }

  /** False: it cannot go on yet. */
  private write(response: SoapResponse): boolean {
    this.gone = undefined
    this.server.answered()
    const { body } = response
    if (typeof body !== 'string' && isBodyStream(body)) {
      this.writeStreamed(response, body)
      return false
    }
    const flows = writeReply(this.socket, response, body)
    if (this.server.closing()) {
      this.socket.end()
      this.waiting = 'drain'
      this.since = this.server.now()
      return false
    }
    if (!flows) {
      this.waiting = 'drain'
      this.since = this.server.now()
      this.hold(this.socket.writableLength)
      this.socket.pause()
    }
    return flows
  }

  private writeStreamed(response: SoapResponse, body: BodyStream): void {
    this.waiting = 'answer'
    writeStreamedReply(this.socket, response, body, this.server.stallMs).then(
      () => {
        if (this.ended) return
        if (this.server.closing()) this.socket.end()
        else this.readOn()
      },
      () => this.cut(),
    )
  }

  /** The caller has its answer; what it sent meanwhile is next. */
  private readOn(): void {
    const { buffered } = this
    this.waiting = 'next'
    this.since = this.server.now()
    this.buffered = undefined
    this.hold(0)
    if (this.socket.isPaused()) this.socket.resume()
    if (buffered !== undefined) this.read(buffered)
  }

  private readonly onDrain = (): void => {
    if (this.waiting === 'drain' && !this.server.closing()) this.readOn()
  }

  private readonly onEnd = (): void => {
    this.ended = true
    // As node:http does: half a message is a bad request, and who says no more is not answered either.
    if (this.waiting === 'rest') this.cut('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    else this.socket.end()
  }

  private readonly onClose = (): void => {
    this.ended = true
    this.server.forget(this)
    this.hold(0)
    this.gone?.()
  }

  private readonly onError = (): void => {
    this.socket.destroy()
  }
}
