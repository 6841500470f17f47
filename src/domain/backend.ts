import type { Attachments } from './attachments.ts'
import type { Presence } from './presence.ts'
import type { Store } from './store.ts'

/** What a backend hands out: its matching parts, and one way to close them all. */
export interface Backend {
  readonly store: Store
  readonly presence: Presence
  readonly attachments: Attachments
  /** 32 random bytes, kept as long as the accounts are: what tokens are signed with. */
  readonly secretKey: Uint8Array
  close(): Promise<void>
}
