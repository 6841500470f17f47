import type { Item, Seq } from '../domain/message.ts'

/** How many dropped items may stay in front before the array is cut: keeps dropping O(1) on average. */
const SLACK = 1024

/** Every item of a stretch of a mailbox, in memory, in order. Seqs grow; gaps are allowed. */
export class ItemRun<T extends Item = Item> {
  #items: T[] = []
  #head = 0
  #from: Seq
  #through: Seq

  /** A run that covers nothing yet; what it will cover begins at `from`. */
  constructor(from: Seq) {
    this.#from = from
    this.#through = from - 1
  }

  /** The first seq that the run covers. */
  get from(): Seq {
    return this.#from
  }

  /** The last seq that the run covers; `from - 1` while it covers none. */
  get through(): Seq {
    return this.#through
  }

  /** How many items are in it. */
  get length(): number {
    return this.#items.length - this.#head
  }

  /** Adds an item behind what is covered. */
  push(item: T): void {
    this.#items.push(item)
    this.#through = item.seq
  }

  /** Covers everything up to and including `seq`: there are no more items than those pushed. */
  cover(seq: Seq): void {
    if (seq > this.#through) this.#through = seq
  }

  /** At most `limit` items after `after`. */
  after(after: Seq, limit: number): T[] {
    const start = this.#indexAfter(after)
    return this.#items.slice(start, start + limit)
  }

  /** Takes out and returns every item up to and including `seq`; what is covered begins behind it. */
  dropThrough(seq: Seq): T[] {
    const end = this.#indexAfter(seq)
    const dropped = this.#items.slice(this.#head, end)
    this.#head = end
    if (this.#head === this.#items.length || this.#head > SLACK) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    if (seq >= this.#from) this.#from = seq + 1
    if (seq > this.#through) this.#through = seq
    return dropped
  }

  /** The index of the first item after `seq`. */
  #indexAfter(seq: Seq): number {
    let low = this.#head
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#items[middle] as T).seq <= seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
