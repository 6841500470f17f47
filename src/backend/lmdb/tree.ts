import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type Database, open, type RootDatabase } from 'lmdb'
import { TABLES, type TableName } from './log-entry.ts'

/** The tree of a data folder (LMDB), and one table of it. */
type Root = RootDatabase<Buffer, Buffer>
type Tree = Database<Buffer, Buffer>

/** What the driver rejects with. The second promise knows the cause, and ends the process if nobody catches it (lmdb-js issue 368). */
interface DriverError extends Error {
  readonly commitError?: Promise<unknown>
}

/** The file of the tree, in the data folder. */
export const STORE_FILE = 'store.mdb'

/** The most that the tree can grow to. Address space, not disk: nothing is taken until it is used. */
const MAP_BYTES = 256 * 1024 ** 3

/** What is read of a table that is not there. */
const NO_TREE = { get: () => undefined, getRange: () => [], doesExist: () => false } as unknown as Tree

/** Is there a store in this folder? */
export function storeExists(folder: string): boolean {
  return existsSync(join(folder, STORE_FILE))
}

/** Creates the file under another name: one that the power cuts short while it is created must not be taken for a store, for it brings the driver down. */
export async function createTree(folder: string): Promise<void> {
  const path = join(folder, `new-${STORE_FILE}`)
  rmSync(path, { force: true })
  await openFile(path, false).close()
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
  renameSync(path, join(folder, STORE_FILE))
  rmSync(`${path}-lock`, { force: true })
}

/** Opens the tree of a folder. Throws what the driver says. */
export function openTree(folder: string, readOnly: boolean): Root {
  return openFile(join(folder, STORE_FILE), readOnly)
}

function openFile(path: string, readOnly: boolean): Root {
  return open({
    path,
    mapSize: MAP_BYTES,
    maxDbs: TABLES.length,
    // What a checkpoint has brought must be on disk before its log goes: with overlapping syncs a commit is visible
    // before it is, and 5 of 150 simulated power cuts lost what had been acknowledged.
    overlappingSync: false,
    // Otherwise a failed commit also rejects a promise that the driver keeps to itself, and that ends the process.
    eventTurnBatching: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    readOnly,
  })
}

/** Opens one table of it; what is read of one that is not there is empty. */
export function openTable(root: Root, name: TableName): Tree {
  const tree: Tree | undefined = root.openDB<Buffer, Buffer>({
    name,
    encoding: 'binary',
    keyEncoding: 'binary',
  })
  // A folder of an older version that is only looked at does not have the newer tables.
  return tree ?? NO_TREE
}

/** Carries out changes of the tree as one transaction. Rejects with an error that names the cause. */
export async function commitToTree(root: Root, changes: readonly (() => void)[]): Promise<void> {
  try {
    await root.batch(() => {
      for (const change of changes) change()
    })
  } catch (error) {
    throw await explained(error as DriverError)
  }
}

/** An error that names the cause, if the driver tells it. */
async function explained(error: DriverError): Promise<Error> {
  const told = error.commitError?.catch((cause: unknown) => cause)
  const cause = ((await Promise.race([told, setImmediate()])) ?? error) as Error
  return new Error(`the tree could not be written: ${cause.message}`, { cause })
}
