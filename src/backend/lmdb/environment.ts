import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'

/** One database: bytes to bytes. */
export type Records = Database<Buffer, Buffer>

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
  /** Forgets the reading snapshot, so that the next read sees the last commit. */
  refresh(): void
  /** Waits until everything written is synced, and closes. */
  close(): Promise<void>
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
    encoding: 'binary',
    keyEncoding: 'binary',
    readOnly,
  })
  const database = (name: string): Records =>
    root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' })

  return {
    accounts: database('accounts'),
    heads: database('heads'),
    items: database('items'),
    sent: database('sent'),
    removed: database('removed'),
    counters: database('counters'),
    refresh: () => root.resetReadTxn(),
    close: () => root.close(),
  }
}
