import type { Backend } from '../../domain/backend.ts'
import { createLocalPresence } from '../local-presence.ts'
import { lockFolder } from './folder-lock.ts'
import { type LmdbStoreOptions, openLmdbStore } from './store.ts'

/** Opens the durable backend of one node. Rejects with `FolderInUse` when another server has the folder. */
export async function openLmdbBackend(options: LmdbStoreOptions): Promise<Backend> {
  const lock = await lockFolder(options.folder)
  try {
    const store = await openLmdbStore(options)
    return {
      store,
      presence: createLocalPresence(),
      async close() {
        await store.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}
