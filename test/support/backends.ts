import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import type { Backend } from '../../src/domain/backend.ts'
import type { Observer } from '../../src/domain/observer.ts'
import type { MailboxLimits } from '../../src/domain/store.ts'
import { makeTempFolder } from './temp-folder.ts'

/** Limits that no test reaches unless it means to. */
export const WIDE_LIMITS: MailboxLimits = { items: 100_000, bytes: 100_000_000 }

/** A backend by its name, opened empty in a place of its own. */
export interface BackendUnderTest {
  readonly name: string
  open(limits?: MailboxLimits, observer?: Observer): Promise<Backend>
}

/** Every backend there is. Suites run over this table. */
export const BACKENDS: readonly BackendUnderTest[] = [
  { name: 'memory', open: async (limits = WIDE_LIMITS) => createMemoryBackend(limits) },
  {
    name: 'lmdb',
    open: async (limits = WIDE_LIMITS, observer = {}) =>
      openLmdbBackend({ folder: await makeTempFolder(), limits, observer }),
  },
]

/** The durable one with so little memory for accounts that they come from the disk again and again. */
export const FORGETFUL_LMDB: BackendUnderTest = {
  name: 'lmdb with two accounts in memory',
  open: async (limits = WIDE_LIMITS, observer = {}) =>
    openLmdbBackend({ folder: await makeTempFolder(), limits, observer, accountsInMemory: 2 }),
}
