import type { Seq } from '../../domain/message.ts'
import { ItemRun } from '../item-run.ts'
import type { MailboxHead, StoredItem } from './record.ts'

/** What one mailbox may keep in memory for its reader, in bytes of text; the rest waits on disk. */
const MAX_CACHED_BYTES = 1024 * 1024
/** What an item costs beside its text, about. */
const ITEM_OVERHEAD = 200

/** Where a mailbox stands, in memory: ahead of the disk by what the next commit will bring. */
export class Mailbox {
  /** The last seq that was confirmed, whether or not that is on disk yet. */
  confirmed: Seq
  /** The seq that the next item gets. */
  next: Seq
  /** The last seq that is on disk: what may be delivered. */
  committed: Seq
  count: number
  bytes: number
  /** Bytes of the files that wait with its messages; counted when first needed. */
  attachmentBytes: number | undefined
  /** Appended since the last commit began. */
  #fresh: StoredItem[] = []
  /** Handed to the commit that is under way. */
  #writing: StoredItem[] = []
  /** Committed items in memory; begins where its reader is. */
  cached: ItemRun<StoredItem>
  #reading = false
  #cachedBytes = 0
  /** The places of the records written since the mailbox was loaded, in order. */
  #places: Seq[] = []
  /** Records up to here were written before; their places are not known. */
  #unlistedThrough: Seq
  /** Confirmed records up to here have been removed. */
  #lookedThrough: Seq = 0

  constructor({ confirmed, next, count, bytes }: MailboxHead) {
    this.confirmed = confirmed
    this.next = next
    this.committed = next - 1
    this.count = count
    this.bytes = bytes
    this.cached = new ItemRun(next)
    this.#unlistedThrough = count > 0 ? next - 1 : 0
  }

  /** Takes an item in; it is written with the next commit. */
  append(item: StoredItem): void {
    this.#fresh.push(item)
    this.next = item.seq + 1
    this.count++
    this.bytes += textBytes(item)
  }

  /** The next commit begins: what it carries of this mailbox. */
  beginWriting(): readonly StoredItem[] {
    this.#writing = this.#fresh
    this.#fresh = []
    return this.#writing
  }

  /** A record with items up to this seq was written. */
  wrote(place: Seq): void {
    this.#places.push(place)
  }

  /** The places of records that are wholly confirmed and have not been taken before. */
  takeConfirmedPlaces(): readonly Seq[] {
    let count = 0
    while (count < this.#places.length && (this.#places[count] as Seq) <= this.confirmed) count++
    return this.#places.splice(0, count)
  }

  /**
   * The seqs, from the first to before the second, at which confirmed records may lie whose places are not known; undefined
   * when there are none. Whoever takes them looks there and removes what there is: nothing is looked for twice.
   */
  takeUnlisted(): readonly [Seq, Seq] | undefined {
    const from = this.#lookedThrough + 1
    const through = Math.min(this.confirmed, this.#unlistedThrough)
    this.#lookedThrough = this.confirmed
    return through < from ? undefined : [from, through + 1]
  }

  /** What was being written is on disk. It stays in memory if somebody has read up to there. */
  commit(): void {
    for (const item of this.#writing) {
      if (this.#reading && this.cached.through === this.committed && !this.full) this.cache(item)
      this.committed = item.seq
    }
    this.#writing = []
  }

  /** Somebody reads after `after`: the memory begins there unless it covers that place already. */
  readFrom(after: Seq): void {
    this.#reading = true
    if (after + 1 < this.cached.from || after > this.cached.through) this.#cacheFrom(after + 1)
  }

  /** Adds a committed item behind what is in memory. */
  cache(item: StoredItem): void {
    this.cached.push(item)
    this.#cachedBytes += cost(item)
  }

  /** The client has everything up to and including `seq`. Returns what of it was in memory, or undefined if not all was. */
  confirm(seq: Seq): readonly StoredItem[] | undefined {
    const complete = this.cached.from <= this.confirmed + 1 && seq <= this.cached.through
    const items = this.cached.dropThrough(seq)
    for (const item of items) this.#cachedBytes -= cost(item)
    return complete ? items : undefined
  }

  /** These items have left the mailbox. */
  leave(items: readonly StoredItem[], seq: Seq): void {
    this.confirmed = seq
    for (const item of items) {
      this.count--
      this.bytes -= textBytes(item)
    }
    // What was in records that are damaged by now went uncounted; an empty mailbox holds nothing.
    if (seq === this.next - 1) {
      this.count = 0
      this.bytes = 0
    }
  }

  /** Nobody reads for now. */
  release(): void {
    this.#reading = false
    this.#cacheFrom(this.next)
    // A list of places may be long; it is made anew by looking.
    if (this.#places.length > 0) this.#unlistedThrough = this.#places.at(-1) as Seq
    this.#places = []
  }

  /** There is as much in memory as may be. */
  get full(): boolean {
    return this.#cachedBytes >= MAX_CACHED_BYTES
  }

  /** Nothing is on its way to the disk and nobody reads. */
  get idle(): boolean {
    return !this.#reading && this.#fresh.length === 0 && this.#writing.length === 0
  }

  #cacheFrom(seq: Seq): void {
    this.cached = new ItemRun(seq)
    this.#cachedBytes = 0
  }
}

function textBytes(item: StoredItem): number {
  return item.kind === 'message' ? item.text.length : 0
}

function cost(item: StoredItem): number {
  return ITEM_OVERHEAD + textBytes(item)
}
