import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { MessageId, Seq } from '../domain/message.ts'
import type { Claim, Submission } from '../domain/messaging.ts'
import { SendBatch } from './send-batch.ts'
import type { SessionPeer } from './session-context.ts'

/** A connection, as what its chunks gather sees it. */
interface GatheringPeer extends Pick<SessionPeer, 'context' | 'session' | 'claim'> {
  write(frames: string): void
}

/** Who keeps count of requests, and answers those that fail. */
export interface Answering {
  /** So many requests were taken. */
  begin(count: number): void
  /** So many were answered. */
  done(count: number): void
  /** Answers a request with what went wrong. */
  fault(ref: ByteString, error: unknown): void
}

/** The SENDs, and the last ACK, of the chunk that is being read: what is handed on once a chunk instead of once a frame. */
export class GatheredRequests {
  readonly #peer: GatheringPeer
  readonly #requests: Answering
  #sends: SendBatch | undefined
  #confirmed: Seq = 0

  constructor(peer: GatheringPeer, requests: Answering) {
    this.#peer = peer
    this.#requests = requests
  }

  /** Takes the fields of a SEND. The hot path: those of a chunk go to the service as one batch. */
  send(fields: readonly ByteString[]): void {
    // What stands before it in the chunk comes before it: a receipt that is confirmed frees its ref.
    if (this.#confirmed > 0) this.#confirm()
    this.#sends ??= new SendBatch()
    this.#sends.add(fields)
  }

  /** Takes an ACK. Cumulative: of confirmations that follow one another only the last counts. */
  confirm(seq: Seq): void {
    if (this.#sends !== undefined) this.#sendBatch(this.#sends)
    this.#confirmed = Math.max(this.#confirmed, seq)
  }

  /** Hands on what was gathered. */
  handOn(): void {
    if (this.#sends !== undefined) this.#sendBatch(this.#sends)
    if (this.#confirmed > 0) this.#confirm()
  }

  #confirm(): void {
    void this.#peer.session?.confirm(this.#confirmed)
    this.#confirmed = 0
  }

  #sendBatch(batch: SendBatch): void {
    this.#sends = undefined
    const { refs } = batch
    const requests = this.#requests
    requests.begin(refs.length)
    this.#submit(batch.submissions).then(
      (outcomes) => {
        this.#peer.write(batch.replies(outcomes, (ref, fault) => requests.fault(ref, fault)))
        requests.done(refs.length)
      },
      (error) => {
        for (const ref of refs) requests.fault(ref, error)
        requests.done(refs.length)
      },
    )
  }

  async #submit(submissions: readonly Submission[]): Promise<readonly (MessageId | Fault)[]> {
    const { messaging, observer } = this.#peer.context
    let claim: Claim
    try {
      claim = this.#peer.claim()
    } catch (error) {
      const fault = Fault.from(error)
      observer.sent?.(
        submissions.map(() => fault),
        0,
      )
      throw error
    }
    // Whoever has passed AUTH may send without being present (decision 11).
    return messaging.send(claim, submissions, { absent: this.#peer.session === undefined })
  }
}
