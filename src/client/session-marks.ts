import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

/** How far somebody has read a mailbox. */
export interface Mark {
  /** The last item shown. */
  readonly seq: number
  /** The largest message id of all items shown. */
  readonly id: number
  /** The latest time of acceptance of all messages shown, ISO 8601 in UTC, or empty. */
  readonly at: string
}

/** Nothing was shown. */
export const NO_MARK: Mark = { seq: 0, id: -1, at: '' }

/** Where the marks of one server's accounts are kept. */
export interface Marks {
  read(user: string): Mark
  /** Keeps it; what is thrown is the error of the file system. */
  write(user: string, mark: Mark): void
  /** The account is gone, or is a new one. */
  forget(user: string): void
  close(): void
}

/** The first line has this length, whatever it says: it is written in place, and a disk writes a sector as a whole. */
const LINE_BYTES = 128

/** In memory: nothing is shown twice by this process. */
export function createMarks(): Marks {
  const marks = new Map<string, Mark>()
  return {
    read: (user) => marks.get(user) ?? NO_MARK,
    write: (user, mark) => void marks.set(user, mark),
    forget: (user) => void marks.delete(user),
    close: () => marks.clear(),
  }
}

/**
 * In a folder, one small file for each account and server, which only its owner can read. A mark is written in place with one
 * write, before the server is told: measured, that costs a hundredth of a file made anew, and what a killed process has written is
 * kept by the system. Not synced: after a power cut here, an item may be shown again if its ACK was lost as well.
 * A file that cannot be read counts as none.
 * @param server `host:port`, as it is spelled.
 */
export function openMarks(folder: string, server: string): Marks {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const open = new Map<string, number>()
  let closed = false
  const pathOf = (user: string) =>
    join(folder, `${createHash('sha256').update(`${server}\0${user}`).digest('hex').slice(0, 32)}.shown`)
  const close = (user: string) => {
    const file = open.get(user)
    if (file !== undefined) closeSync(file)
    open.delete(user)
  }
  return {
    read(user) {
      try {
        return decode(readFileSync(pathOf(user), 'latin1'))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NO_MARK
        throw error
      }
    },
    write(user, mark) {
      let file = open.get(user)
      const line = encode(mark)
      if (file === undefined) {
        file = openFile(pathOf(user))
        open.set(user, file)
        // For people who wonder whose it is.
        writeSync(file, `${line}${server}\n${user}\n`, 0)
      } else writeSync(file, line, 0)
      // What was being taken when the client was closed.
      if (closed) close(user)
    },
    forget(user) {
      close(user)
      rmSync(pathOf(user), { force: true })
    },
    close() {
      closed = true
      for (const user of open.keys()) close(user)
    },
  }
}

/** Opened without being cut: until the first write it says what it said. */
function openFile(path: string): number {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return openSync(path, 'wx', 0o600)
  }
}

function encode({ seq, id, at }: Mark): string {
  const text = JSON.stringify([seq, id, at])
  return `${`${text} ${crc32(text)}`.padEnd(LINE_BYTES - 1)}\n`
}

function decode(file: string): Mark {
  const [, text = '', sum] = /^(\[.*\]) (\d+) *\n/.exec(file) ?? []
  if (Number(sum) !== crc32(text)) return NO_MARK
  const [seq, id, at] = JSON.parse(text)
  return { seq, id, at }
}
