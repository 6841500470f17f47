import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { decodeSegment, encodeEntry, encodeSegmentHeader, type LoggedWrite } from './log-entry.ts'
import { SyncPace } from './sync-pace.ts'

const sync = promisify(fdatasync)

/**
 * So many zeros are written ahead of the entries: the sync of a file that grows must also write its new size, and takes
 * half as long again (ext4, 2 kB entries: 0.27 ms against 0.18). An entry that is a good part of that is not worth it.
 */
const AHEAD = Buffer.alloc(64 * 1024)
const SMALL_BYTES = AHEAD.length / 8

const SEGMENT = /^log-(\d{10})$/
/** A segment that has had its time, for the next one to be written over: the sync of bytes that a file has already takes half as long as that of bytes by which it grows. */
const SPARE = 'log-spare'
/** A longer one is not kept: the next would seldom need it. */
const SPARE_BYTES = 64 * 1024 ** 2

/** What was found in the segments of a log. */
export interface Replay {
  /** The number of the last segment; 0 if there was none. */
  readonly last: number
  /** Bytes of what could be read in all of them. */
  readonly bytes: number
  /** What could not be read and was not the end of the log, in words. */
  readonly damage: readonly string[]
}

/** Removes the segment that a server which was killed had kept to write over. */
export function removeSpare(folder: string): void {
  rmSync(join(folder, SPARE), { force: true })
}

/** Reads a folder's log from its beginning, entry by entry. What was being written when the power went is not an entry. */
export function replayLog(folder: string, apply: (writes: readonly LoggedWrite[]) => void): Replay {
  const numbers = segmentNumbers(folder)
  const damage: string[] = []
  let bytes = 0
  for (const number of numbers) {
    const file = join(folder, segmentName(number))
    let end = 0
    for (const found of decodeSegment(readSegment(file), number)) {
      if ('writes' in found) {
        apply(found.writes)
        end = found.end
      } else damage.push(`${file}, byte ${found.at}: ${found.problem}`)
    }
    bytes += end
  }
  return { last: numbers.at(-1) ?? 0, bytes, damage }
}

/**
 * The log that every commit is written to before it is acknowledged: one write and one fdatasync, where the tree would
 * write a dozen pages and sync twice. Kept in segments, which go when the tree has what is in them; the file of one is kept
 * for the next.
 */
export class Log {
  readonly #folder: string
  #number: number
  /** Open as long as the log is: its number must not be another's file when it is closed. */
  #file: number
  #bytes = 0
  /** Where the file ends, with zeros and what an earlier segment left. */
  #end = 0
  /**
   * Bytes of the spare file; undefined: there is none. Only what this log has written serves as one: the numbers of a log
   * that was begun anew may be those of entries that an older file holds.
   */
  #spareBytes: number | undefined
  readonly #pace = new SyncPace()

  /** Begins a segment. Throws the error of the file system. */
  constructor(folder: string, number: number) {
    this.#folder = folder
    this.#number = number
    this.#file = this.#begin(number)
  }

  /** Bytes in this segment. */
  get bytes(): number {
    return this.#bytes
  }

  /** Appends an entry. Resolves when it is synced. After a rejection the log must not be used any more. */
  async append(writes: readonly LoggedWrite[]): Promise<void> {
    const entry = encodeEntry(writes, this.#number)
    try {
      // The page cache takes it at once; what takes time is the sync.
      this.#write(entry)
      const began = performance.now()
      if (this.#pace.inPlace(entry.length)) fdatasyncSync(this.#file)
      else await sync(this.#file)
      this.#pace.took(performance.now() - began)
      this.#bytes += entry.length
    } catch (error) {
      this.#cutOff()
      throw error
    }
  }

  /** Ends this segment and begins the next. Returns the number of the one that ended. After an error this segment goes on. */
  rotate(): number {
    const ended = this.#number
    const file = this.#file
    this.#file = this.#begin(ended + 1)
    this.#number = ended + 1
    closeSync(file)
    return ended
  }

  /** The tree has everything up to and including this segment, which has ended: it becomes the spare one. Those before it go. */
  async retireThrough(number: number): Promise<void> {
    for (const old of segmentNumbers(this.#folder)) {
      if (old < number) await rm(join(this.#folder, segmentName(old)), { force: true })
    }
    const path = join(this.#folder, segmentName(number))
    const { size } = statSync(path)
    if (size <= SPARE_BYTES && size >= (this.#spareBytes ?? 0)) {
      renameSync(path, join(this.#folder, SPARE))
      this.#spareBytes = size
    }
    // The file system takes its time for a long one.
    else await rm(path)
  }

  /** The tree has everything up to and including this segment: they go, the spare one too. */
  async removeThrough(number: number): Promise<void> {
    for (const old of segmentNumbers(this.#folder)) {
      if (old <= number) await rm(join(this.#folder, segmentName(old)), { force: true })
    }
    this.dropSpare()
  }

  /** Gives the room of the spare segment back. */
  dropSpare(): void {
    this.#spareBytes = undefined
    removeSpare(this.#folder)
  }

  /** The tree has what could be read of these segments; they are kept under another name. */
  setAsideThrough(number: number): void {
    for (const old of segmentNumbers(this.#folder)) {
      if (old > number) continue
      const path = join(this.#folder, segmentName(old))
      renameSync(path, join(this.#folder, `damaged-${segmentName(old)}`))
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  /** What was refused is not to come back when the log is read again. A disk that does not even do this may keep it: nobody was told that it is not there, only that it could not be stored. */
  #cutOff(): void {
    try {
      ftruncateSync(this.#file, this.#bytes)
    } catch {
      // The first error tells more.
    }
  }

  #write(entry: Buffer): void {
    const end = this.#bytes + entry.length
    writeAll(this.#file, entry, this.#bytes)
    if (end <= this.#end) return
    this.#end = end
    if (entry.length > SMALL_BYTES) return
    try {
      this.#end += writeSync(this.#file, AHEAD, 0, AHEAD.length, end)
    } catch {
      // A full disk may still have room for what has to be there.
    }
  }

  #begin(number: number): number {
    const path = join(this.#folder, segmentName(number))
    const file = this.#openSpare(path) ?? openSync(path, 'wx', 0o600)
    const header = encodeSegmentHeader()
    try {
      if (fstatSync(file).size === 0) {
        writeAll(file, header, 0)
        fsyncSync(file)
      }
      // The folder too: a file whose name is not on disk is lost with the power, and what is written over must have its new
      // name before.
      const folder = openSync(this.#folder, 'r')
      try {
        fsyncSync(folder)
      } finally {
        closeSync(folder)
      }
      this.#bytes = header.length
      this.#end = fstatSync(file).size
      return file
    } catch (error) {
      closeSync(file)
      rmSync(path, { force: true })
      throw error
    }
  }

  /** Opens the spare file under a new name; undefined: there is none. */
  #openSpare(path: string): number | undefined {
    if (this.#spareBytes === undefined) return undefined
    const spare = join(this.#folder, SPARE)
    const file = openSync(spare, 'r+')
    try {
      this.#spareBytes = undefined
      renameSync(spare, path)
    } catch (error) {
      closeSync(file)
      throw error
    }
    return file
  }
}

/** A segment's bytes; none when a running server has just brought it into the tree. */
function readSegment(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

function writeAll(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, bytes.length - done, position + done)
}

function segmentName(number: number): string {
  return `log-${String(number).padStart(10, '0')}`
}

function segmentNumbers(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => Number(SEGMENT.exec(name)?.[1]))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b)
}
