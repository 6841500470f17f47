import { closeSync, openSync, readSync } from 'node:fs'

/**
 * The driver maps the file into memory and believes what stands there: a flipped bit in a page's own bookkeeping, or a file
 * that was cut short, ends the process with SIGSEGV or SIGBUS, or mixes messages up, without a word. So the bookkeeping is
 * walked through once before the driver sees the file. The records have CRCs of their own (record.ts).
 *
 * Format: struct MDB_page, MDB_node, MDB_db and MDB_meta of LMDB as lmdb 3.5 has it, little endian.
 */

/** The file of the tree cannot be used: names the page and what is wrong with it. */
export class DamagedTree extends Error {
  constructor(file: string, problem: string) {
    super(`${file} is damaged: ${problem}. Put a copy of the data folder in its place`)
    this.name = 'DamagedTree'
  }
}

const HEADER = 24
const META_BYTES = 144
const MAGIC = 0xbeefc0de
const VERSION = 2
const BRANCH = 0x01
const LEAF = 0x02
const OVERFLOW = 0x04
const NODE_HEADER = 8
/** The data stands on pages of its own; the node holds where. */
const BIG_DATA = 0x01
/** The data is a tree. */
const SUB_TREE = 0x02
const NO_PAGE = 0xffff_ffff_ffff_ffffn

interface Tree {
  readonly depth: number
  readonly branches: number
  readonly leaves: number
  readonly overflows: number
  readonly entries: number
  readonly root: bigint
}

interface Meta {
  readonly pageBytes: number
  readonly free: Tree
  readonly main: Tree
  readonly lastPage: number
  readonly transaction: bigint
}

/** Walks through every page that the file's newest state consists of. Throws `DamagedTree`, or the error of the file system. Nobody may write meanwhile. */
export function checkTree(file: string): void {
  const descriptor = openSync(file, 'r')
  try {
    new TreeCheck(file, descriptor).check()
  } finally {
    closeSync(descriptor)
  }
}

class TreeCheck {
  readonly #file: string
  readonly #descriptor: number
  #pageBytes = 4096
  #lastPage = 1
  #transaction = 0n
  /** One bit a page: what has been reached. */
  #reached = new Uint8Array(0)

  constructor(file: string, descriptor: number) {
    this.#file = file
    this.#descriptor = descriptor
  }

  check(): void {
    const first = this.#meta(0)
    const second = this.#meta(first.pageBytes)
    const { pageBytes, lastPage, transaction, free, main } =
      first.transaction > second.transaction ? first : second
    this.#pageBytes = pageBytes
    this.#lastPage = lastPage
    this.#transaction = transaction
    this.#reached = new Uint8Array((lastPage >> 3) + 1)
    this.#walk(main, 'records', (flags, data) => {
      if (flags !== SUB_TREE || data.length !== 48) throw this.#damage('a table has no tree')
      this.#walk(tree(data, 0), 'records')
    })
    this.#walk(free, 'numbers', (_, data) => this.#freePages(data))
  }

  #meta(at: number): Meta {
    const page = this.#read(at, Buffer.alloc(HEADER + META_BYTES), 'its beginning')
    if (page.readUInt32LE(HEADER) !== MAGIC || page.readUInt32LE(HEADER + 4) !== VERSION) {
      throw this.#damage('its beginning is not that of a store')
    }
    const pageBytes = page.readUInt32LE(HEADER + 24)
    if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) {
      throw this.#damage('its beginning names no size of pages')
    }
    return {
      pageBytes,
      free: tree(page, HEADER + 24),
      main: tree(page, HEADER + 72),
      lastPage: Number(page.readBigUInt64LE(HEADER + 120)),
      transaction: page.readBigUInt64LE(HEADER + 128),
    }
  }

  /** Visits a tree in the order of its keys. `entry` takes the flags and data of each; without it the data must be records. */
  #walk(whole: Tree, keys: 'records' | 'numbers', entry?: (flags: number, data: Buffer) => void): void {
    const found = { branches: 0, leaves: 0, overflows: 0, entries: 0 }
    const before = keys === 'records' ? Buffer.compare : compareNumbers
    let last: Buffer | undefined
    /** The page being looked at on each level. */
    const pages: Buffer[] = []

    const visit = (number: number, level: number, from: Buffer | undefined): void => {
      this.#reach(number)
      pages[level] ??= Buffer.allocUnsafeSlow(this.#pageBytes)
      const page = this.#read(number * this.#pageBytes, pages[level] as Buffer, `page ${number}`)
      const isLeaf = level === whole.depth
      this.#checkHeader(page, number, isLeaf ? LEAF : BRANCH)
      const lower = page.readUInt16LE(20)
      const upper = page.readUInt16LE(22)
      const count = lower >> 1
      if ((lower & 1) !== 0 || lower > upper || upper > page.length - HEADER || count < (isLeaf ? 1 : 2)) {
        throw this.#damage(`page ${number} has no sense in its header`)
      }
      if (isLeaf) found.leaves++
      else found.branches++
      for (let i = 0; i < count; i++) {
        const node = HEADER + page.readUInt16LE(HEADER + 2 * i)
        if (node < HEADER + upper || node + NODE_HEADER > page.length)
          throw this.#damage(`page ${number} has an entry outside of itself`)
        const keyEnd = node + NODE_HEADER + page.readUInt16LE(node + 6)
        if (keyEnd > page.length) throw this.#damage(`page ${number} has a key that is too long`)
        const key = page.subarray(node + NODE_HEADER, keyEnd)
        const low = page.readUInt16LE(node)
        const high = page.readUInt16LE(node + 2)
        const flags = page.readUInt16LE(node + 4)
        if (!isLeaf) {
          if (i > 0 && last !== undefined && before(key, last) <= 0)
            throw this.#damage(`page ${number} is out of order`)
          visit(low + high * 0x1_0000 + flags * 0x1_0000_0000, level + 1, i === 0 ? from : key)
          continue
        }
        if (
          (last !== undefined && before(key, last) <= 0) ||
          (i === 0 && from !== undefined && before(key, from) < 0)
        ) {
          throw this.#damage(`page ${number} is out of order`)
        }
        last = key
        found.entries++
        const bytes = low + high * 0x1_0000
        if ((flags & BIG_DATA) === 0 && keyEnd + bytes > page.length)
          throw this.#damage(`page ${number} has a record that is too long`)
        if (flags === BIG_DATA) {
          const overflow = this.#overflow(number, page, keyEnd, bytes, entry !== undefined)
          found.overflows += overflow.pages
          entry?.(0, overflow.data)
        } else if (entry !== undefined) {
          entry(flags, page.subarray(keyEnd, keyEnd + bytes))
        } else if (flags !== 0) {
          throw this.#damage(`page ${number} has an entry of an unknown kind`)
        }
      }
      // The next page of this level comes into the same memory.
      if (isLeaf && last !== undefined) last = Buffer.from(last)
    }

    if (whole.root !== NO_PAGE) visit(Number(whole.root), 1, undefined)
    const { branches, leaves, overflows, entries } = whole
    if (
      found.branches !== branches ||
      found.leaves !== leaves ||
      found.overflows !== overflows ||
      found.entries !== entries
    ) {
      throw this.#damage(`a table has not as many pages and entries as it should`)
    }
  }

  /** Data with pages of its own. They are read only when somebody wants the data. */
  #overflow(
    from: number,
    page: Buffer,
    at: number,
    bytes: number,
    wanted: boolean,
  ): { pages: number; data: Buffer } {
    if (at + 24 > page.length) throw this.#damage(`page ${from} has a record that is too long`)
    const number = Number(page.readBigUInt64LE(at))
    const pages = Number(page.readBigUInt64LE(at + 16))
    if (pages !== Math.floor((HEADER - 1 + bytes) / this.#pageBytes) + 1) {
      throw this.#damage(`page ${from} has a record whose length is wrong`)
    }
    for (let i = 0; i < pages; i++) this.#reach(number + i)
    const first = Buffer.allocUnsafe(wanted ? HEADER + bytes : HEADER)
    this.#read(number * this.#pageBytes, first, `page ${number}`)
    this.#checkHeader(first, number, OVERFLOW)
    if (first.readUInt32LE(20) !== pages) throw this.#damage(`page ${number} has no sense in its header`)
    // The last page must be in the file, too.
    this.#read((number + pages) * this.#pageBytes - 1, Buffer.alloc(1), `page ${number + pages - 1}`)
    return { pages, data: first.subarray(HEADER) }
  }

  /** A list of pages to be used again: none may be in use. A negative number is the length of the run that follows. */
  #freePages(list: Buffer): void {
    const count = list.length < 8 ? -1 : Number(list.readBigUInt64LE(0))
    if (count < 0 || (count + 1) * 8 > list.length) throw this.#damage('a list of free pages is too short')
    for (let i = 1; i <= count; i++) {
      const entry = Number(list.readBigInt64LE(i * 8))
      if (entry === 0) continue
      if (entry > 0) {
        this.#reach(entry)
        continue
      }
      if (++i > count) throw this.#damage('a list of free pages ends in the middle')
      const start = Number(list.readBigInt64LE(i * 8))
      if (-entry > this.#lastPage) throw this.#damage('a list of free pages names too many')
      for (let page = start; page < start - entry; page++) this.#reach(page)
    }
  }

  #checkHeader(page: Buffer, number: number, kind: number): void {
    const isItself = Number(page.readBigUInt64LE(0)) === number
    // A page of the future would count as one that is being written.
    if (!isItself || page.readBigUInt64LE(8) > this.#transaction || page.readUInt16LE(18) !== kind) {
      throw this.#damage(`page ${number} is not what it should be`)
    }
  }

  /** Every page has one place only. */
  #reach(number: number): void {
    if (!(number >= 2 && number <= this.#lastPage))
      throw this.#damage(`it refers to page ${number}, which it does not have`)
    const bit = 1 << (number & 7)
    const at = number >> 3
    if (((this.#reached[at] as number) & bit) !== 0) throw this.#damage(`page ${number} is used twice`)
    this.#reached[at] = (this.#reached[at] as number) | bit
  }

  #read(at: number, into: Buffer, what: string): Buffer {
    if (readSync(this.#descriptor, into, 0, into.length, at) < into.length) {
      throw this.#damage(`it is too short: ${what} is missing`)
    }
    return into
  }

  #damage(problem: string): DamagedTree {
    return new DamagedTree(this.#file, problem)
  }
}

function tree(bytes: Buffer, at: number): Tree {
  return {
    depth: bytes.readUInt16LE(at + 6),
    branches: Number(bytes.readBigUInt64LE(at + 8)),
    leaves: Number(bytes.readBigUInt64LE(at + 16)),
    overflows: Number(bytes.readBigUInt64LE(at + 24)),
    entries: Number(bytes.readBigUInt64LE(at + 32)),
    root: bytes.readBigUInt64LE(at + 40),
  }
}

/** Keys of the list of free pages: numbers of transactions. */
function compareNumbers(one: Buffer, other: Buffer): number {
  if (one.length !== 8 || other.length !== 8) return one.length - other.length || -1
  const [a, b] = [one.readBigUInt64LE(0), other.readBigUInt64LE(0)]
  return a < b ? -1 : a > b ? 1 : 0
}
