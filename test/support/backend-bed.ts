import type { Backend } from '../../src/domain/backend.ts'
import type { MailboxLimits, Store } from '../../src/domain/store.ts'
import type { BackendUnderTest } from './backends.ts'
import { removeTempFolders } from './temp-folder.ts'
import { register } from './words.ts'

/** Backends for the tests of one `describe`: each is closed after its test, and its folder is removed. */
export interface BackendBed {
  /** An empty one. */
  readonly open: BackendUnderTest['open']
  /** The store of one, with romeo, juliet and nurse. */
  verona(limits?: MailboxLimits): Promise<Store>
}

/** Makes one; called where a `describe` begins. */
export function createBackendBed(kind: BackendUnderTest): BackendBed {
  const opened: Backend[] = []

  afterEach(async () => {
    for (const backend of opened.splice(0)) await backend.close()
    await removeTempFolders()
  })

  const open: BackendBed['open'] = async (...how) => {
    const backend = await kind.open(...how)
    opened.push(backend)
    return backend
  }

  return {
    open,
    async verona(limits) {
      const { store } = await open(limits)
      await register(store, 'romeo', 'juliet', 'nurse')
      return store
    },
  }
}
