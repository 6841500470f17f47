/**
 * Records that are in the log and not yet in the tree: what was put, and what was removed (`undefined`), by key. Ordered
 * within groups of four bytes: the records of one account, which is what is read in order on the hot path.
 */
export class Overlay {
  readonly #groups = new Map<string, Group>()
  #size = 0

  /** How many keys it holds. */
  get size(): number {
    return this.#size
  }

  /** Does it say anything about this key? */
  has(key: string): boolean {
    return this.#groups.get(key.slice(0, GROUP_BYTES))?.records.has(key) ?? false
  }

  /** The record, or undefined where it was removed; ask `has` first. */
  get(key: string): Buffer | undefined {
    return this.#groups.get(key.slice(0, GROUP_BYTES))?.records.get(key)
  }

  set(key: string, record: Buffer | undefined): void {
    const name = key.slice(0, GROUP_BYTES)
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = { records: new Map(), sorted: true, last: '' }
      this.#groups.set(name, group)
    }
    const before = group.records.size
    group.records.set(key, record)
    if (group.records.size === before) return
    this.#size++
    // Keys of an account grow, so that a group is in order as it comes.
    if (key < group.last) group.sorted = false
    else group.last = key
  }

  delete(key: string): void {
    const name = key.slice(0, GROUP_BYTES)
    const group = this.#groups.get(name)
    if (group === undefined || !group.records.delete(key)) return
    this.#size--
    if (group.records.size === 0) this.#groups.delete(name)
  }

  /** Keys from `start` to before `end`, in order; undefined bounds are open. */
  *keys(start: string, end: string | undefined): Generator<string> {
    for (const group of this.#groupsFrom(start, end)) {
      for (const key of inOrder(group).keys()) {
        if (key < start) continue
        if (end !== undefined && key >= end) return
        yield key
      }
    }
  }

  #groupsFrom(start: string, end: string | undefined): Iterable<Group> {
    const first = start.slice(0, GROUP_BYTES)
    // One account's records: everything before the next group, whose name is the bound itself.
    if (end !== undefined && start.length >= GROUP_BYTES && isNext(first, end)) {
      const group = this.#groups.get(first)
      return group === undefined ? [] : [group]
    }
    const names = [...this.#groups.keys()].filter(
      (name) => name >= first && (end === undefined || name < end),
    )
    return names.sort().map((name) => this.#groups.get(name) as Group)
  }
}

const GROUP_BYTES = 4

interface Group {
  records: Map<string, Buffer | undefined>
  /** Is the order of the map that of the keys? */
  sorted: boolean
  last: string
}

/** The records of a group in the order of their keys; what was out of order is put in order, once. */
function inOrder(group: Group): Map<string, Buffer | undefined> {
  if (!group.sorted) {
    group.records = new Map([...group.records].sort(([a], [b]) => (a < b ? -1 : 1)))
    group.sorted = true
  }
  return group.records
}

/** Is `end` the four bytes that follow `name` when both are read as a number, or a key of the same group? */
function isNext(name: string, end: string): boolean {
  if (end.startsWith(name)) return true
  return (
    end.length === GROUP_BYTES &&
    Buffer.from(end, 'latin1').readUInt32BE() - Buffer.from(name, 'latin1').readUInt32BE() === 1
  )
}
