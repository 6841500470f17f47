import type { ByteString } from '../../domain/byte-string.ts'
import type { MessageId } from '../../domain/message.ts'
import type { SentRef } from './record.ts'

/** Refs that one commit brought, kept in one record at the place of the last id. */
interface Batch {
  place: number
  /** In the order they came; an empty place is a ref that was released. */
  readonly refs: (SentRef | undefined)[]
  live: number
}

/** A record of refs that has to be written, or removed when nothing is left in it. */
export interface SentRefsChange {
  readonly place: number
  readonly refs: readonly SentRef[]
}

/**
 * The refs of one account's messages whose receipts it has not confirmed, so that a repeated SEND is recognised
 * (wire-protocol 2, SEND). Kept per commit, not per message: at full speed a record per ref would cost more than the messages.
 */
export class SentRefs {
  readonly #byRef = new Map<ByteString, Batch>()
  readonly #changed = new Set<Batch>()
  #fresh: Batch | undefined
  /** The messages of these refs whose receipts wait in the account's mailbox; undefined: nobody has asked for them yet. */
  delivered: Set<MessageId> | undefined
  /** That they are looked for, or were. */
  lookup: Promise<ReadonlySet<MessageId>> | undefined

  /** What stood on disk: one record. */
  load(place: number, refs: readonly SentRef[]): void {
    const batch: Batch = { place, refs: [...refs], live: refs.length }
    for (const { ref } of refs) this.#byRef.set(ref, batch)
  }

  /** How many refs are remembered. */
  get size(): number {
    return this.#byRef.size
  }

  /** The id of the message with this ref. */
  find(ref: ByteString): MessageId | undefined {
    return this.#byRef.get(ref)?.refs.find((sent) => sent?.ref === ref)?.id
  }

  /** A message was accepted. */
  add(ref: ByteString, id: MessageId): void {
    this.#fresh ??= { place: id, refs: [], live: 0 }
    this.#fresh.place = id
    this.#fresh.refs.push({ id, ref })
    this.#fresh.live++
    this.#byRef.set(ref, this.#fresh)
  }

  /** The receipt of message `id` was confirmed, or will never come: its ref is free again, unless it is another message's by now. */
  release(ref: ByteString, id: MessageId): void {
    const batch = this.#byRef.get(ref)
    const index = batch?.refs.findIndex((sent) => sent?.id === id) ?? -1
    if (batch === undefined || index === -1) return
    this.#byRef.delete(ref)
    this.delivered?.delete(id)
    batch.refs[index] = undefined
    batch.live--
    if (batch !== this.#fresh) this.#changed.add(batch)
  }

  /** Is there anything to write? */
  get dirty(): boolean {
    return this.#fresh !== undefined || this.#changed.size > 0
  }

  /** What has changed since the last call, record by record. */
  takeChanges(): SentRefsChange[] {
    if (this.#fresh !== undefined) this.#changed.add(this.#fresh)
    this.#fresh = undefined
    const changes = [...this.#changed].map(({ place, refs }) => ({
      place,
      refs: refs.filter((sent) => sent !== undefined),
    }))
    this.#changed.clear()
    return changes
  }
}
