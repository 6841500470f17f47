import type { Presence } from './presence.ts'
import type { Store } from './store.ts'

/** What a backend hands out: its matching parts, and one way to close them all. */
export interface Backend {
  readonly store: Store
  readonly presence: Presence
  close(): Promise<void>
}
