import type { Database } from 'lmdb'
import type { TableName } from './log-entry.ts'
import { Overlay } from './overlay.ts'

/** Keys from `start` to before `end`, `limit` at most. */
export interface KeyRange {
  readonly start?: Buffer
  readonly end?: Buffer
  readonly limit?: number
}

/** A record and its key. */
export interface KeyedRecord {
  readonly key: Buffer
  readonly value: Buffer
}

/** One of the store's tables: the tree, and over it what only the log has so far. */
export class Table {
  readonly name: TableName
  readonly #tree: Database<Buffer, Buffer>
  /** What has been logged since the last checkpoint began. */
  #recent = new Overlay()
  /** What the checkpoint under way is bringing into the tree. */
  #settling = new Overlay()

  constructor(name: TableName, tree: Database<Buffer, Buffer>) {
    this.name = name
    this.#tree = tree
  }

  /** The record of a key. */
  get(key: Buffer): Buffer | undefined {
    const name = key.toString('latin1')
    for (const overlay of [this.#recent, this.#settling]) if (overlay.has(name)) return overlay.get(name)
    return this.#tree.get(key)
  }

  /** Records in the order of their keys. */
  *getRange({
    start = NOTHING,
    end,
    limit = Number.POSITIVE_INFINITY,
  }: KeyRange = {}): Generator<KeyedRecord> {
    const from = start.toString('latin1')
    const before = end?.toString('latin1')
    const above = merged([this.#recent.keys(from, before), this.#settling.keys(from, before)])
    const tree = this.#tree.getRange(end === undefined ? { start } : { start, end })[Symbol.iterator]()
    try {
      let room = limit
      let over = above.next()
      let under = tree.next()
      while (room > 0 && !(over.done && under.done)) {
        const underName = under.done ? undefined : under.value.key.toString('latin1')
        if (over.done || (underName !== undefined && underName < over.value)) {
          yield { key: under.value.key, value: under.value.value }
          room--
          under = tree.next()
          continue
        }
        const overlay = this.#recent.has(over.value) ? this.#recent : this.#settling
        const value = overlay.get(over.value)
        if (underName === over.value) under = tree.next()
        if (value !== undefined) {
          yield { key: Buffer.from(over.value, 'latin1'), value }
          room--
        }
        over = above.next()
      }
    } finally {
      tree.return?.()
    }
  }

  /** Keys in order. */
  *getKeys(range: KeyRange = {}): Generator<Buffer> {
    for (const { key } of this.getRange(range)) yield key
  }

  /** A write that is in the log takes effect. */
  apply(key: Buffer, record: Buffer | undefined): void {
    const name = key.toString('latin1')
    // What came and went between two checkpoints never reaches the tree.
    if (record === undefined && !this.#settling.has(name) && !this.#inTree(key)) this.#recent.delete(name)
    else this.#recent.set(name, record)
  }

  /** A checkpoint begins: what has been logged up to now is to settle. */
  beginSettling(): void {
    this.#settling = this.#recent
    this.#recent = new Overlay()
  }

  /** What is to be brought into the tree, in the order of its keys. */
  *toSettle(): Generator<{
    readonly tree: Database<Buffer, Buffer>
    readonly key: Buffer
    readonly record: Buffer | undefined
  }> {
    for (const name of this.#settling.keys('', undefined)) {
      yield { tree: this.#tree, key: Buffer.from(name, 'latin1'), record: this.#settling.get(name) }
    }
  }

  /** The tree has it. */
  settled(): void {
    this.#settling = new Overlay()
  }

  #inTree(key: Buffer): boolean {
    return this.#tree.doesExist(key)
  }
}

const NOTHING = Buffer.alloc(0)

/** The keys of two sequences that are in order, in order, each once. */
function* merged([a, b]: readonly [Iterator<string>, Iterator<string>]): Generator<string> {
  let left = a.next()
  let right = b.next()
  while (!left.done || !right.done) {
    if (right.done || (!left.done && left.value < right.value)) {
      yield left.value as string
      left = a.next()
    } else {
      yield right.value
      if (!left.done && left.value === right.value) left = a.next()
      right = b.next()
    }
  }
}
