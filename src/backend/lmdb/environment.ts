import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type Database, open, type RootDatabase } from 'lmdb'

/** One database: bytes to bytes. */
export type Records = Database<Buffer, Buffer>

/** A record to put, or to remove when there is none. */
export interface Write {
  readonly database: Records
  readonly key: Buffer
  readonly record?: Buffer | undefined
}

/** An open LMDB environment and its databases. */
export interface Environment {
  /** Name → account. */
  readonly accounts: Records
  /** Account number → where its mailbox stands. */
  readonly heads: Records
  /** Account number and last seq → what one commit brought for that mailbox. */
  readonly items: Records
  /** Account number and last id → refs of messages that it sent. */
  readonly sent: Records
  /** Account number → '' : accounts that were removed and whose records have yet to go. */
  readonly removed: Records
  /** The counters. */
  readonly counters: Records
  /** Carries out these writes as one transaction. Resolves when it is synced; rejects when it failed, and then none was carried out. */
  commit(writes: readonly Write[]): Promise<unknown>
  /** Waits until everything written is synced, and closes. */
  close(): Promise<void>
}

/** What the driver rejects with. The second promise knows the cause, and ends the process if nobody catches it (lmdb-js issue 368). */
interface DriverError extends Error {
  readonly commitError?: Promise<unknown>
}

/** The file that holds everything, in the data folder. */
export const STORE_FILE = 'store.mdb'

/** The most that the file can grow to. Address space, not disk: nothing is taken until it is used. */
const MAP_BYTES = 256 * 1024 ** 3

/** Opens (and creates, if it may write) the environment in `folder`. Throws what the driver throws. */
export function openEnvironment(folder: string, { readOnly = false } = {}): Environment {
  if (!readOnly) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const root: RootDatabase<Buffer, Buffer> = open({
    path: join(folder, STORE_FILE),
    mapSize: MAP_BYTES,
    maxDbs: 8,
    // Acknowledged means synced: with overlapping syncs a commit is visible before it is on disk, and 5 of 150
    // simulated power cuts lost what had been acknowledged.
    overlappingSync: false,
    // Otherwise a failed commit also rejects a promise that the driver keeps to itself, and that ends the process.
    eventTurnBatching: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    readOnly,
  })
  let closed: Promise<void> | undefined
  const database = (name: string): Records =>
    root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' })

  return {
    accounts: database('accounts'),
    heads: database('heads'),
    items: database('items'),
    sent: database('sent'),
    removed: database('removed'),
    counters: database('counters'),
    async commit(writes) {
      try {
        await root.batch(() => {
          for (const { database, key, record } of writes) {
            void (record === undefined ? database.remove(key) : database.put(key, record))
          }
        })
      } catch (error) {
        throw await explained(error as DriverError)
      }
    },
    close: () => {
      closed ??= root.close()
      return closed
    },
  }
}

/** An error that names the cause, if the driver tells it. */
async function explained(error: DriverError): Promise<Error> {
  const told = error.commitError?.catch((cause: unknown) => cause)
  return new Error('a commit failed', { cause: (await Promise.race([told, setImmediate()])) ?? error })
}
