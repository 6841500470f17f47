import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import { type Environment, openEnvironment } from '../../src/backend/lmdb/environment.ts'
import type { Table } from '../../src/backend/lmdb/table.ts'
import type { Backend } from '../../src/domain/backend.ts'
import type { Observer } from '../../src/domain/observer.ts'
import type { MailboxLimits, Store } from '../../src/domain/store.ts'
import { WIDE_LIMITS } from './backends.ts'
import { makeTempFolder } from './temp-folder.ts'

/** A data folder that is opened and closed again and again. */
export interface LmdbFolder {
  readonly path: string
  /** Opens the store, after closing the one that was open. */
  reopen(observer?: Observer, limits?: MailboxLimits): Promise<Store>
  /** The parts of the backend that is open. Throws when none is. */
  readonly backend: Backend
  /** Closes the store, and hands the records behind it to `change`. */
  behind(change: (environment: Environment) => unknown): Promise<void>
  close(): Promise<void>
}

/** Makes an empty data folder. */
export async function makeLmdbFolder(): Promise<LmdbFolder> {
  const path = await makeTempFolder()
  let open: Backend | undefined

  const folder: LmdbFolder = {
    path,
    async reopen(observer = {}, limits = WIDE_LIMITS) {
      await folder.close()
      open = await openLmdbBackend({ folder: path, limits, observer })
      return open.store
    },
    get backend() {
      if (open === undefined) throw new Error('the folder is not open')
      return open
    },
    async behind(change) {
      await folder.close()
      const environment = await openEnvironment({ folder: path })
      await change(environment)
      await environment.close()
    },
    async close() {
      await open?.close()
      open = undefined
    },
  }
  return folder
}

/** Flips one bit of the last byte of the record at `index`. Returns its key in hexadecimal. */
export async function damage(environment: Environment, table: Table, index: number): Promise<string> {
  const found = [...table.getRange()][index]
  if (found === undefined) throw new Error(`there is no record ${index}`)
  const record = Buffer.from(found.value)
  record[record.length - 1] = (record.at(-1) as number) ^ 1
  await environment.commit([{ table, key: found.key, record }])
  return found.key.toString('hex')
}
