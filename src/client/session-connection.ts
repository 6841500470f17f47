import type { Socket } from 'node:net'
import { type ByteString, fromByteString } from '../domain/byte-string.ts'
import type { Fault } from '../domain/fault.ts'
import {
  encodeFrame,
  SERVER_FRAMES,
  SESSION_VERSION,
  SessionDecoder,
  type SessionRequest,
} from '../wire/session.ts'
import { CannotConnect, connectionFailure, TimedOut } from './errors.ts'
import { addressOf, dial, type SessionServer } from './session-dial.ts'
import { goodbye } from './session-goodbye.ts'
import { decodeFault, decodeOpening, notOurs, type SessionTerms } from './session-opening.ts'
import { noAnswer, type RequestManner, SessionRequests } from './session-requests.ts'

/** Who hears what a connection brings. All of it is called while a chunk is read, so nothing may take long. */
export interface SessionListener {
  /** A SEND was answered: with its message's id, or refused. */
  answered(ref: ByteString, outcome: number | Fault): void
  /** SEND_MESSAGE or SEND_MESS_ATTACH; fields in the order of `SESSION_REPLIES`. */
  message(fields: readonly ByteString[]): void
  /** SEND_MESS_ACK, likewise. */
  receipt(fields: readonly ByteString[]): void
  /** A connection that was open is gone, once, whoever ended it. */
  closed(connection: SessionConnection, reason: Error): void
}

/** The longest frame besides a text: a list of users has a hundred names. */
const MAX_OTHER_BYTES = 16_384
/** How many times in a heartbeat silence is looked for, after how many such looks a PING goes out, and after how many the server is lost. */
const LOOKS = { perHeartbeat: 4, ping: 4, lost: 8 } as const
const NOTHING = Buffer.alloc(0)

/**
 * One connection of the session protocol (wire-protocol 2), seen from the client. Requests are pipelined, and what one tick
 * brings leaves in one write.
 */
export class SessionConnection {
  readonly address: string
  readonly #socket: Socket
  readonly #listener: SessionListener
  readonly #requests: SessionRequests
  /** Of the first frame, until it is complete. */
  #opening: Buffer = NOTHING
  #terms: SessionTerms | undefined
  #decoder: SessionDecoder | undefined
  #heartbeat: NodeJS.Timeout | undefined
  /** Looks since the server was last heard. Counted, not timed: a tick that takes long is not the server's silence. */
  #silentLooks = 0
  #out = ''
  #flushing = false
  /** Why the connection ended, or is about to. */
  #reason: Error | undefined
  #cut = false
  #closed = false

  private constructor(
    server: SessionServer,
    socket: Socket,
    listener: SessionListener,
    settle: (terms: SessionTerms | undefined) => void,
  ) {
    this.address = addressOf(server)
    this.#requests = new SessionRequests(this.address, server.timeoutMs)
    this.#socket = socket
    this.#listener = listener
    socket.on('data', (chunk) => {
      this.#silentLooks = 0
      if (this.#decoder !== undefined) this.#read(this.#decoder, chunk)
      else if (this.#open(chunk)) settle(this.#terms)
    })
    socket.on('error', (error) => {
      const what = `the connection to ${this.address} was lost (${connectionFailure(error)})`
      this.#reason ??= new CannotConnect(this.address, what)
    })
    socket.on('close', () => {
      this.#onClose()
      settle(undefined)
    })
    this.write(encodeFrame('SESSION', SESSION_VERSION))
  }

  /** Reaches the server and agrees on the version. Rejects with `CannotConnect`, `TimedOut`, the `Fault` of a server that refuses, or the signal's reason. */
  static async open(
    server: SessionServer,
    listener: SessionListener,
    signal: AbortSignal,
  ): Promise<SessionConnection> {
    const limit = new AbortController()
    const giveUp = () => limit.abort(signal.reason)
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    const timer = setTimeout(
      () => limit.abort(noAnswer(addressOf(server), server.timeoutMs)),
      server.timeoutMs,
    )
    try {
      const socket = await dial(server, limit.signal)
      return await new Promise<SessionConnection>((resolve, reject) => {
        const connection: SessionConnection = new SessionConnection(server, socket, listener, (terms) => {
          if (terms === undefined) reject(connection.#gone())
          else resolve(connection)
        })
        const cut = () => connection.cut(limit.signal.reason)
        if (limit.signal.aborted) cut()
        limit.signal.addEventListener('abort', cut, { once: true })
      })
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** What the server said of itself. */
  get terms(): SessionTerms {
    if (this.#terms === undefined) throw new Error('the session is not open')
    return this.#terms
  }

  /** Is it gone, or about to be. */
  get ended(): boolean {
    return this.#cut || this.#closed
  }

  /** Frames to send, encoded. */
  write(frames: string): void {
    this.#out += frames
    if (this.#flushing) return
    this.#flushing = true
    process.nextTick(flush, this)
  }

  /** A ref that no SEND has. */
  nextRef(): string {
    return this.#requests.nextRef()
  }

  /**
   * Sends a request and resolves to its result. Rejects with the `Fault` that answers it, with `TimedOut`, or with
   * `CannotConnect` when the connection goes before the answer comes.
   */
  request(
    operation: Exclude<SessionRequest, 'SEND'>,
    fields: readonly string[] = [],
    manner: RequestManner = {},
  ): Promise<ByteString> {
    if (this.ended) return Promise.reject(this.#gone())
    const { ref = this.nextRef() } = manner
    const answer = this.#requests.begin(ref, manner)
    this.write(encodeFrame(operation, ref, ...fields))
    return answer
  }

  /** Writes what there is and ends the connection in order. */
  end(): void {
    this.flush()
    this.#socket.end()
  }

  /** Ends the connection now. */
  cut(reason: Error): void {
    this.#cut = true
    this.#reason ??= reason
    this.#socket.destroy()
  }

  /** Writes what the tick has gathered. */
  flush(): void {
    this.#flushing = false
    const out = this.#out
    this.#out = ''
    if (out !== '' && this.#socket.writable) this.#socket.write(out, 'latin1')
  }

  /** Reads the first frame. False: it is not complete, or not one. */
  #open(chunk: Buffer): boolean {
    this.#opening = Buffer.concat([this.#opening, chunk])
    try {
      const opening = decodeOpening(this.address, this.#opening)
      if (opening === undefined) return false
      this.#terms = opening.terms
      const { maxTextBytes, heartbeatSeconds } = opening.terms
      const decoder = new SessionDecoder(SERVER_FRAMES, maxTextBytes + MAX_OTHER_BYTES, (word, fields) => {
        // What follows what cannot be trusted is not looked at.
        if (!this.#cut) this.#onFrame(word, fields)
      })
      this.#decoder = decoder
      this.#heartbeat = setInterval(() => this.#look(), (heartbeatSeconds * 1000) / LOOKS.perHeartbeat)
      const rest = this.#opening.subarray(opening.length)
      this.#opening = NOTHING
      if (rest.length > 0) this.#read(decoder, rest)
      return true
    } catch (error) {
      this.cut(error as Error)
      return false
    }
  }

  #look(): void {
    this.#silentLooks += 1
    if (this.#silentLooks === LOOKS.ping) void this.request('PING').catch(() => {})
    if (this.#silentLooks < LOOKS.lost) return
    const seconds = 2 * this.terms.heartbeatSeconds
    this.cut(new TimedOut(this.address, `nothing was heard of ${this.address} for ${seconds} s`))
  }

  #read(decoder: SessionDecoder, chunk: Buffer): void {
    const breach = decoder.decode(chunk)
    if (breach !== undefined) this.cut(notOurs(this.address, breach))
  }

  #onFrame(operation: string, fields: readonly ByteString[]): void {
    if (operation === 'OK') this.#onOk(fields[0] as ByteString, fields[1] as ByteString)
    else if (operation === 'SEND_MESSAGE' || operation === 'SEND_MESS_ATTACH') this.#listener.message(fields)
    else if (operation === 'SEND_MESS_ACK') this.#listener.receipt(fields)
    else if (operation === 'FAULT') this.#onFault(fields[0] as ByteString, decodeFault(fields.slice(1)))
    else if (operation === 'PING') this.write(encodeFrame('PONG', fields[0] as ByteString))
    else if (operation === 'BYE') this.#onBye(fromByteString(fields[0] as ByteString))
    else this.cut(notOurs(this.address, 'SESSION a second time'))
  }

  #onOk(ref: ByteString, result: ByteString): void {
    if (!this.#requests.succeeded(ref, result)) this.#listener.answered(ref, Number(result))
  }

  #onFault(ref: ByteString, fault: Fault): void {
    if (ref === '-') this.cut(fault)
    else if (!this.#requests.refused(ref, fault)) this.#listener.answered(ref, fault)
  }

  /** The server closes once it has answered what it has taken, so what it still says is read. */
  #onBye(reason: string): void {
    this.#reason ??= goodbye(this.address, reason)
  }

  #onClose(): void {
    this.#closed = true
    clearInterval(this.#heartbeat)
    const reason = this.#gone()
    this.#requests.fail(reason)
    if (this.#terms !== undefined) this.#listener.closed(this, reason)
  }

  #gone(): Error {
    const what =
      this.#terms === undefined
        ? ' without an answer: is it a dms server? One of the original protocol is spoken to in that protocol'
        : ''
    this.#reason ??= new CannotConnect(this.address, `${this.address} closed the connection${what}`)
    return this.#reason
  }
}

function flush(connection: SessionConnection): void {
  connection.flush()
}
