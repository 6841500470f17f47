import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
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

/** What was found in the segments of a log. */
export interface Replay {
  /** The number of the last segment; 0 if there was none. */
  readonly last: number
  /** Bytes of all of them. */
  readonly bytes: number
  /** What could not be read and was not the end of the log, in words. */
  readonly damage: readonly string[]
}

/** Reads a folder's log from its beginning, entry by entry. What was being written when the power went is not an entry. */
export function replayLog(folder: string, apply: (writes: readonly LoggedWrite[]) => void): Replay {
  const numbers = segmentNumbers(folder)
  const damage: string[] = []
  let bytes = 0
  for (const number of numbers) {
    const file = join(folder, segmentName(number))
    const segment = readSegment(file)
    bytes += segment.length
    for (const found of decodeSegment(segment)) {
      if ('writes' in found) apply(found.writes)
      else damage.push(`${file}, byte ${found.at}: ${found.problem}`)
    }
  }
  return { last: numbers.at(-1) ?? 0, bytes, damage }
}

/**
 * The log that every commit is written to before it is acknowledged: one write and one fdatasync, where the tree would
 * write a dozen pages and sync twice. Kept in segments, which go when the tree has what is in them.
 */
export class Log {
  readonly #folder: string
  #number: number
  /** Open as long as the log is: its number must not be another's file when it is closed. */
  #file: number
  #bytes = 0
  /** Where the file ends, zeros included. */
  #end = 0
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
    const entry = encodeEntry(writes)
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

  /** The tree has everything up to and including this segment: it goes, and those before it. The file system takes its time for that. */
  async removeThrough(number: number): Promise<void> {
    for (const old of segmentNumbers(this.#folder)) {
      if (old <= number) await rm(join(this.#folder, segmentName(old)), { force: true })
    }
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
    const file = openSync(path, 'wx', 0o600)
    const header = encodeSegmentHeader()
    try {
      writeAll(file, header, 0)
      fsyncSync(file)
      // The folder too: a file whose name is not on disk is lost with the power.
      const folder = openSync(this.#folder, 'r')
      try {
        fsyncSync(folder)
      } finally {
        closeSync(folder)
      }
    } catch (error) {
      closeSync(file)
      rmSync(path, { force: true })
      throw error
    }
    this.#bytes = header.length
    this.#end = header.length
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
