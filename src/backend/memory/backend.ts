import { randomBytes } from 'node:crypto'
import type { Backend } from '../../domain/backend.ts'
import type { MailboxLimits } from '../../domain/store.ts'
import { createLocalPresence } from '../local-presence.ts'
import { createMemoryAttachments } from './attachments.ts'
import { createMemoryStore } from './store.ts'

/** The backend without a disk: nothing outlives the process. */
export function createMemoryBackend(limits: MailboxLimits): Backend {
  const attachments = createMemoryAttachments()
  const store = createMemoryStore(limits, attachments)
  return {
    store,
    attachments,
    presence: createLocalPresence(),
    secretKey: randomBytes(32),
    close: () => store.close(),
  }
}
