import { mkdirSync, statfsSync } from 'node:fs'
import { Log, removeSpare, replayLog } from './log.ts'
import { type LoggedWrite, TABLES, type TableName } from './log-entry.ts'
import { Table } from './table.ts'
import { commitToTree, createTree, openTable, openTree, storeExists } from './tree.ts'

/** A record to put, or to remove when there is none. */
export interface Write {
  readonly table: Table
  readonly key: Buffer
  readonly record?: Buffer | undefined
}

/** What an environment needs. */
export interface EnvironmentOptions {
  readonly folder: string
  /** Only look: nothing is created, brought from the log into the tree, or removed. */
  readonly readOnly?: boolean
  /** Told of what of the log cannot be read, and of a checkpoint that failed. */
  readonly onProblem?: (where: string, error: unknown) => void
  /** Told of checkpoints that are done: the bytes of log that they made superfluous, and how long they took in milliseconds. */
  readonly onCheckpoint?: (bytes: number, milliseconds: number) => void
  /** Bytes of the log that begin a checkpoint. */
  readonly checkpointBytes?: number | undefined
}

/**
 * The tables of a data folder: a tree (LMDB), and in front of it a log. A commit is one entry of the log; a checkpoint
 * brings what has gathered into the tree, and then the log can go. Opening replays the log.
 */
export interface Environment extends Readonly<Record<TableName, Table>> {
  /** Carries out these writes as one transaction. Resolves when it is synced; rejects when it failed, and then the environment must be closed. */
  commit(writes: readonly Write[]): Promise<unknown>
  /** Brings everything into the tree, if that is possible, and closes. */
  close(): Promise<void>
}

const CHECKPOINT_BYTES = 32 * 1024 ** 2
/** So long after the first commit since the last checkpoint the next one begins, in milliseconds: what the log holds costs memory. */
const CHECKPOINT_MS = 10_000
/** What a checkpoint may need on the disk: so many times the log, since pages are copied, and so much more. */
const ROOM_FACTOR = 2
const ROOM_BYTES = 256 * 1024
/** open(2): the process, or the system, has too many files open. */
const OUT_OF_DESCRIPTORS: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE'])
/** Bytes and records that one transaction of a checkpoint brings into the tree, so that it holds nothing else up. */
const SETTLED_BYTES = 1024 ** 2
const SETTLED_RECORDS = 1000

/** Opens (and creates, if it may write) the environment of a folder. Rejects with what the driver or the file system says. */
export async function openEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { folder, readOnly = false, onProblem = () => {}, checkpointBytes = CHECKPOINT_BYTES } = options
  const { onCheckpoint } = options
  if (!readOnly) mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!readOnly && !storeExists(folder)) await createTree(folder)
  const root = openTree(folder, readOnly)
  const tables = Object.fromEntries(
    TABLES.map((name) => [name, new Table(name, openTable(root, name))]),
  ) as unknown as Record<TableName, Table>

  let log: Log | undefined
  let broken = false
  let appending = false
  /** Runs out some time after the first commit that the tree does not have. */
  let timer: NodeJS.Timeout | undefined
  let due = false
  let checkpointing: Promise<void> | undefined
  let closed: Promise<void> | undefined

  try {
    if (!readOnly) removeSpare(folder)
    const { last, bytes, damage } = replayLog(folder, apply)
    root.resetReadTxn()
    for (const problem of damage) onProblem(`damaged log: ${problem}`, new Error(problem))
    if (!readOnly) {
      // What is in the log is brought into the tree before anything builds on it: an entry that was written and not
      // synced may be read from the page cache now and be gone with the power later.
      assertRoom(bytes)
      await settle().catch(cannotStart)
      log = new Log(folder, last + 1)
      // What could not be read may still tell somebody something, or another version.
      if (damage.length > 0) log.setAsideThrough(last)
      else await log.removeThrough(last)
    }
  } catch (error) {
    // Who recovers from a disk that fails tries this twice a second.
    log?.close()
    await root.close()
    throw error
  }

  return {
    ...tables,

    async commit(writes) {
      if (log === undefined || broken) throw new Error('the environment is broken or only to be read')
      const logged = writes.map(({ table, key, record }) => ({ table: table.name, key, record }))
      appending = true
      try {
        await log.append(logged)
      } catch (error) {
        broken = true
        throw error
      } finally {
        appending = false
      }
      apply(logged)
      timer ??= setTimeout(() => {
        due = true
        checkpoint()
      }, CHECKPOINT_MS).unref()
      due ||= log.bytes >= checkpointBytes
      checkpoint()
    },

    close() {
      closed ??= close()
      return closed
    },
  }

  function apply(writes: readonly LoggedWrite[]): void {
    for (const { table, key, record } of writes) tables[table].apply(key, record)
  }

  /**
   * Throws ENOSPC when the disk has no room for a checkpoint of so much log. The driver must not find that out by itself:
   * the message that lmdb 3.5.6 makes of a page it could not write overruns its buffer, and the process aborts.
   */
  function assertRoom(bytes: number): void {
    const hasRoom = (): boolean => {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize >= bytes * ROOM_FACTOR + ROOM_BYTES
    }
    if (hasRoom()) return
    log?.dropSpare()
    if (hasRoom()) return
    throw Object.assign(new Error(`ENOSPC: no room on the disk of ${folder} for a checkpoint`), {
      code: 'ENOSPC',
    })
  }

  /** What was acknowledged is in the log, which stays. */
  function cannotStart(cause: Error): never {
    const why = `the store in ${folder} cannot be opened, for ${cause.message}`
    throw new Error(`${why}: check its disk, and start again; nothing that was acknowledged is lost`, {
      cause,
    })
  }

  /** Begins a checkpoint if one is due. It runs beside the daily work; if it fails the log is kept, and the next commit is refused. */
  function checkpoint(): void {
    // A segment does not end while an entry is on its way into it.
    if (
      !due ||
      log === undefined ||
      broken ||
      appending ||
      checkpointing !== undefined ||
      closed !== undefined
    )
      return
    const current = log
    due = false
    clearTimeout(timer)
    timer = undefined
    const began = performance.now()
    const { bytes } = current
    let ended: number
    try {
      assertRoom(bytes)
      ended = current.rotate()
    } catch (error) {
      // The system has no file descriptor left: the disk is well, this segment goes on, and the next commit tries again.
      due = OUT_OF_DESCRIPTORS.has((error as NodeJS.ErrnoException).code)
      if (due) return
      broken = true
      onProblem('checkpoint', error)
      return
    }
    const removed = settle().then(() => current.retireThrough(ended))
    checkpointing = removed.then(
      () => {
        checkpointing = undefined
        onCheckpoint?.(bytes, performance.now() - began)
      },
      (error) => {
        checkpointing = undefined
        broken = true
        onProblem('checkpoint', error)
      },
    )
  }

  /** Brings what the log has up to now into the tree, a piece at a time. */
  async function settle(): Promise<void> {
    for (const table of Object.values(tables)) table.beginSettling()
    for (const table of Object.values(tables)) {
      let piece: (() => void)[] = []
      let bytes = 0
      for (const { tree, key, record } of table.toSettle()) {
        piece.push(() => void (record === undefined ? tree.remove(key) : tree.put(key, record)))
        bytes += key.length + (record?.length ?? 0)
        if (bytes < SETTLED_BYTES && piece.length < SETTLED_RECORDS) continue
        await commitToTree(root, piece)
        piece = []
        bytes = 0
      }
      if (piece.length > 0) await commitToTree(root, piece)
    }
    root.resetReadTxn()
    for (const table of Object.values(tables)) table.settled()
  }

  async function close(): Promise<void> {
    clearTimeout(timer)
    await checkpointing
    if (log !== undefined) {
      log.close()
      if (!broken) {
        await settle()
          .then(() => log?.removeThrough(Number.POSITIVE_INFINITY))
          .catch((error) => onProblem('checkpoint', error))
      }
    }
    await root.close()
  }
}
