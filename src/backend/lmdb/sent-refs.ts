import type { ByteString } from '../../domain/byte-string.ts'
import type { MessageId } from '../../domain/message.ts'
import type { SentRef } from './record.ts'

/** Refs that one commit brought, kept in one record at the place of the last id. Two lists, since a million refs may wait. */
interface Batch {
  place: number
  /** In the order they came, also those that were released since the record was written. */
  readonly ids: MessageId[]
  readonly refs: ByteString[]
  /** How many of them were not released. */
  live: number
}

/** A record of refs that has to be written, or removed when nothing is left in it. */
export interface SentRefsChange {
  readonly place: number
  readonly refs: readonly SentRef[]
}

const NONE: readonly SentRef[] = []

/**
 * The refs of one account's messages whose receipts it has not confirmed, so that a repeated SEND is recognised
 * (wire-protocol 2, SEND). Kept per commit, not per message: at full speed a record per ref would cost more than the messages.
 */
export class SentRefs {
  readonly #ids = new Map<ByteString, MessageId>()
  /** In the order of their places, which is that of all their ids: ids only grow. */
  readonly #batches: Batch[] = []
  readonly #changed = new Set<Batch>()
  /** What came since the last commit began; not among the batches yet. */
  #fresh: Batch | undefined
  /** The messages of these refs whose receipts wait in the account's mailbox; undefined: nobody has asked for them yet. */
  delivered: Set<MessageId> | undefined
  /** That they are looked for, or were. */
  lookup: Promise<ReadonlySet<MessageId>> | undefined

  /** What stood on disk: one record. To be called in the order of their places. */
  load(place: number, refs: readonly SentRef[]): void {
    const batch: Batch = { place, ids: [], refs: [], live: 0 }
    for (const { id, ref } of refs) this.#put(batch, ref, id)
    this.#batches.push(batch)
  }

  /** How many refs are remembered. */
  get size(): number {
    return this.#ids.size
  }

  /** The id of the message with this ref. */
  find(ref: ByteString): MessageId | undefined {
    return this.#ids.get(ref)
  }

  /** A message was accepted. */
  add(ref: ByteString, id: MessageId): void {
    this.#fresh ??= { place: id, ids: [], refs: [], live: 0 }
    this.#fresh.place = id
    this.#put(this.#fresh, ref, id)
  }

  /** The receipt of message `id` was confirmed, or will never come: its ref is free again, unless it is another message's by now. */
  release(ref: ByteString, id: MessageId): void {
    if (this.#ids.get(ref) !== id) return
    this.#ids.delete(ref)
    this.delivered?.delete(id)
    const batch = this.#batches[this.#indexOf(id)] ?? this.#fresh
    if (batch === undefined) return
    batch.live--
    if (batch !== this.#fresh) this.#changed.add(batch)
  }

  /** Is there anything to write? */
  get dirty(): boolean {
    return this.#fresh !== undefined || this.#changed.size > 0
  }

  /** What has changed since the last call, record by record. */
  takeChanges(): SentRefsChange[] {
    if (this.#fresh !== undefined) {
      this.#changed.add(this.#fresh)
      this.#batches.push(this.#fresh)
      this.#fresh = undefined
    }
    const changes: SentRefsChange[] = []
    for (const batch of this.#changed) {
      changes.push({ place: batch.place, refs: batch.live === 0 ? NONE : this.#liveRefs(batch) })
      if (batch.live === 0) this.#batches.splice(this.#indexOf(batch.place), 1)
    }
    this.#changed.clear()
    return changes
  }

  #put(batch: Batch, ref: ByteString, id: MessageId): void {
    batch.ids.push(id)
    batch.refs.push(ref)
    batch.live++
    this.#ids.set(ref, id)
  }

  #liveRefs({ ids, refs, live: count }: Batch): SentRef[] {
    const live: SentRef[] = []
    const all = count === ids.length
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as MessageId
      const ref = refs[i] as ByteString
      if (all || this.#ids.get(ref) === id) live.push({ id, ref })
    }
    return live
  }

  /** The index of the batch that an id is in, if it is in one: the first whose place is not before it. */
  #indexOf(id: MessageId): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#batches[middle] as Batch).place < id) low = middle + 1
      else high = middle
    }
    return low
  }
}
