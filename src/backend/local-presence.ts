import type { Presence, PresenceHolder } from '../domain/presence.ts'
import type { UserName } from '../domain/user-name.ts'

/** Presence for a backend with one node: everybody who is present is present here. */
export function createLocalPresence(): Presence {
  const holders = new Map<UserName, PresenceHolder>()

  return {
    async claim(user, holder) {
      if (holders.has(user)) return false
      holders.set(user, holder)
      return true
    },
    release(user, holder) {
      if (holders.get(user) === holder) holders.delete(user)
    },
    signal: (user) => holders.get(user)?.wake(),
    online: async (user) => holders.has(user),
  }
}
