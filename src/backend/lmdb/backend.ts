import { join } from 'node:path'
import type { Backend } from '../../domain/backend.ts'
import { createLocalPresence } from '../local-presence.ts'
import { openAttachmentFiles } from './attachment-files.ts'
import { silenceDriver } from './driver-prints.ts'
import { lockFolder } from './folder-lock.ts'
import { openSecretKey } from './secret-key.ts'
import { type LmdbStoreOptions, openLmdbStore } from './store.ts'
import { STORE_FILE, storeExists } from './tree.ts'
import { checkTree } from './tree-check.ts'

silenceDriver()

/**
 * Opens the durable backend of one node. Rejects with `FolderInUse` when another server has the folder, and with
 * `DamagedTree` when the driver must not see the store (reliability R9).
 */
export async function openLmdbBackend(options: Omit<LmdbStoreOptions, 'files'>): Promise<Backend> {
  const lock = await lockFolder(options.folder)
  try {
    if (storeExists(options.folder)) checkTree(join(options.folder, STORE_FILE))
    const { folder, observer } = options
    const secretKey = openSecretKey(folder)
    const files = openAttachmentFiles(folder, (where, error) => observer.internalError?.(where, error))
    const store = await openLmdbStore({ ...options, files })
    return {
      store,
      attachments: files,
      secretKey,
      presence: createLocalPresence(),
      async close() {
        await store.close()
        await files.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}
