import type { ByteString } from '../domain/byte-string.ts'
import { Fault, type FaultCode } from '../domain/fault.ts'
import { MAX_REF_BYTES } from '../domain/message.ts'
import type { Verb } from '../domain/observer.ts'
import { encodeFault, encodeFrame, encodeOk, SESSION_VERSION } from '../wire/session.ts'
import { type Answering, GatheredRequests } from './gathered-requests.ts'
import type { RequestAllowance } from './request-limit.ts'
import type { SessionPeer } from './session-context.ts'
import { SESSION_OPERATIONS } from './session-operations.ts'

/** In the log, whoever has not said who. */
const NOBODY = '-' as ByteString

type Frame = readonly [operation: string, fields: readonly ByteString[]]

/** A connection, as its requests see it. */
export interface RequestingPeer extends SessionPeer {
  /** No more requests are taken. */
  readonly leaving: boolean
  write(frames: string): void
  /** What cannot be answered by its ref: says why, and leaves. */
  refuse(code: FaultCode, reason: string): void
  /** Takes no more requests, answers those that were taken, and closes. */
  leave(): void
  /** There are more or fewer requests unanswered. */
  unansweredChanged(): void
}

/** The requests of one connection of the session protocol: takes them in order, and answers each when it is done. */
export class SessionRequests implements Answering {
  /** The peer has opened the session. */
  opened = false
  /** The part of the window that requests take which are not answered. */
  unanswered = 0
  /** A request that changes who this connection is under way: what came behind it waits, in order. */
  exclusive = false
  #held: Frame[] | undefined
  /** The peer sends no more. */
  #ended = false
  readonly #peer: RequestingPeer
  readonly #gathered: GatheredRequests
  readonly #allowance: RequestAllowance
  /** Looked up once a chunk. */
  #allowanceSpent = false

  constructor(peer: RequestingPeer) {
    this.#peer = peer
    this.#gathered = new GatheredRequests(peer, this)
    this.#allowance = peer.context.requestLimit.of(peer.address)
  }

  /** A chunk is about to be taken. */
  beginChunk(): void {
    this.#allowanceSpent = this.#allowance.spent()
  }

  /** Takes a frame. */
  take(operation: string, fields: readonly ByteString[]): void {
    if (this.exclusive) {
      this.#held ??= []
      this.#held.push([operation, fields])
    } else this.#onFrame(operation, fields)
  }

  /** Hands on what a chunk has gathered. */
  handOn(): void {
    this.#gathered.handOn()
  }

  /** The peer sends no more: what was taken before is still carried out. */
  end(): void {
    this.#ended = true
    if (!this.exclusive) this.#peer.leave()
  }

  /** @param weight the part of the window that these requests take. */
  begin(count: number, weight = count): void {
    this.#allowance.spend(count)
    this.unanswered += weight
    this.#peer.unansweredChanged()
  }

  done(count: number): void {
    this.unanswered -= count
    this.#peer.unansweredChanged()
  }

  fault(ref: ByteString, error: unknown): void {
    if (!(error instanceof Fault)) this.#peer.context.observer.internalError?.('session', error)
    const { code, message } = Fault.from(error)
    this.#peer.write(encodeFault(ref, code, message))
  }

  #onFrame(operation: string, fields: readonly ByteString[]): void {
    if (this.#peer.leaving) return
    if (!this.opened) this.#open(operation, fields)
    else if (operation === 'SEND') this.#collectSend(fields)
    else if (operation === 'ACK') this.#collectAck(fields[0] as ByteString)
    else if (Object.hasOwn(SESSION_OPERATIONS, operation))
      this.#request(operation as Exclude<Verb, 'SEND'>, fields)
    else if (operation === 'SESSION') this.#peer.refuse('invalid-request', 'the session is open already')
    // What is left is PONG: a sign of life, which every chunk is.
  }

  #open(operation: string, [version]: readonly ByteString[]): void {
    if (operation !== 'SESSION' || version !== SESSION_VERSION) {
      this.#peer.refuse('unsupported-version', `this server speaks version ${SESSION_VERSION}`)
      return
    }
    this.opened = true
    const { maxTextBytes, window, heartbeatSeconds } = this.#peer.context
    this.#peer.write(encodeFrame('SESSION', SESSION_VERSION, maxTextBytes, window, heartbeatSeconds))
  }

  #collectSend(fields: readonly ByteString[]): void {
    const ref = fields[0] as ByteString
    if (this.#mayAsk('SEND', ref)) this.#gathered.send(fields)
  }

  #collectAck(seq: ByteString): void {
    if (/^\d{1,16}$/.test(seq)) this.#gathered.confirm(Number(seq))
    else this.#peer.refuse('invalid-request', 'ACK takes a seq')
  }

  /** Every other request is carried out alone, so that what follows it finds its effect; but for those that move files. */
  #request(verb: Exclude<Verb, 'SEND'>, [ref, ...fields]: readonly ByteString[]): void {
    if (ref === undefined || !this.#mayAsk(verb, ref)) return
    this.#gathered.handOn()
    const { run, replied, user, unfinished, beside } = SESSION_OPERATIONS[verb]
    const weight = beside === undefined ? 1 : Math.ceil(this.#peer.window * beside)
    const name = user(this.#peer, fields) ?? NOBODY
    const { observer } = this.#peer.context
    this.exclusive ||= beside === undefined
    this.begin(1, weight)
    const end = beside === undefined ? () => this.#endExclusive() : () => this.done(weight)
    run(this.#peer, fields, ref).then(
      (result) => {
        if (unfinished?.(this.#peer) !== true) observer.request?.(verb, name, 'ok')
        this.#peer.write(encodeOk(ref, result))
        replied?.(this.#peer)
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
    this.exclusive = false
    const held = this.#held ?? []
    this.#held = undefined
    for (const [operation, fields] of held) this.take(operation, fields)
    this.#gathered.handOn()
    if (this.#ended && !this.exclusive) this.#peer.leave()
    this.done(1)
  }

  /** Refuses a request that has no proper ref, or is beyond what its source may ask. */
  #mayAsk(verb: Verb, ref: ByteString): boolean {
    if (ref.length === 0 || ref.length > MAX_REF_BYTES) {
      this.#peer.refuse('invalid-request', `a ref has 1 to ${MAX_REF_BYTES} bytes`)
      return false
    }
    if (this.#allowanceSpent) {
      const { requestLimit, observer } = this.#peer.context
      observer.request?.(verb, NOBODY, requestLimit.refusal.code)
      this.fault(ref, requestLimit.refusal)
    }
    return !this.#allowanceSpent
  }
}
