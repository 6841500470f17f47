import type { UserName } from './user-name.ts'

/** Whoever holds a user's presence here: woken when the mailbox has something new. */
export interface PresenceHolder {
  /** There may be new items. Called often: must be cheap and must not throw. */
  wake(): void
}

/** Who is present, and where. Part of the backend, since in a cluster it is remote: `signal` wakes the node that holds the session. */
export interface Presence {
  /** Makes the user present; false if somebody already is. */
  claim(user: UserName, holder: PresenceHolder): Promise<boolean>
  /** Gives the presence up, if this holder still has it. */
  release(user: UserName, holder: PresenceHolder): void
  /** Wakes the holder, wherever it is. Fire and forget: the mailbox is the truth. */
  signal(user: UserName): void
  /** Is somebody present, on any node. */
  online(user: UserName): Promise<boolean>
}
