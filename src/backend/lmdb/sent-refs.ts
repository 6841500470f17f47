import type { ByteString } from '../../domain/byte-string.ts'
import type { MessageId } from '../../domain/message.ts'
import type { SentRef } from './record.ts'

/** Refs that one commit brought, kept in one record at the place of the last id. */
interface Batch {
  place: number
  /** In the order they came, also those that were released since the record was written. */
  refs: Sent[]
}

/** A ref in memory. */
interface Sent extends SentRef {
  /** Where it stands; undefined: it was released. */
  batch: Batch | undefined
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
  readonly #byRef = new Map<ByteString, Sent>()
  readonly #changed = new Set<Batch>()
  #fresh: Batch | undefined
  /** The messages of these refs whose receipts wait in the account's mailbox; undefined: nobody has asked for them yet. */
  delivered: Set<MessageId> | undefined
  /** That they are looked for, or were. */
  lookup: Promise<ReadonlySet<MessageId>> | undefined

  /** What stood on disk: one record. */
  load(place: number, refs: readonly SentRef[]): void {
    const batch: Batch = { place, refs: [] }
    for (const { id, ref } of refs) this.#put(id, ref, batch)
  }

  /** How many refs are remembered. */
  get size(): number {
    return this.#byRef.size
  }

  /** The id of the message with this ref. */
  find(ref: ByteString): MessageId | undefined {
    return this.#byRef.get(ref)?.id
  }

  /** A message was accepted. */
  add(ref: ByteString, id: MessageId): void {
    this.#fresh ??= { place: id, refs: [] }
    this.#fresh.place = id
    this.#put(id, ref, this.#fresh)
  }

  /** The receipt of message `id` was confirmed, or will never come: its ref is free again, unless it is another message's by now. */
  release(ref: ByteString, id: MessageId): void {
    const sent = this.#byRef.get(ref)
    if (sent?.batch === undefined || sent.id !== id) return
    this.#byRef.delete(ref)
    this.delivered?.delete(id)
    if (sent.batch !== this.#fresh) this.#changed.add(sent.batch)
    sent.batch = undefined
  }

  /** Is there anything to write? */
  get dirty(): boolean {
    return this.#fresh !== undefined || this.#changed.size > 0
  }

  /** What has changed since the last call, record by record. */
  takeChanges(): SentRefsChange[] {
    if (this.#fresh !== undefined) this.#changed.add(this.#fresh)
    this.#fresh = undefined
    const changes: SentRefsChange[] = []
    for (const batch of this.#changed) {
      batch.refs = batch.refs.filter((sent) => sent.batch !== undefined)
      changes.push(batch)
    }
    this.#changed.clear()
    return changes
  }

  #put(id: MessageId, ref: ByteString, batch: Batch): void {
    const sent: Sent = { id, ref, batch }
    batch.refs.push(sent)
    this.#byRef.set(ref, sent)
  }
}
