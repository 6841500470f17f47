import { createHmac, randomBytes } from 'node:crypto'

/** How long a password that was right, or was shown again since, is known again, in milliseconds, and how many are. */
const KEPT_MS = 60_000
const MAX_KEPT = 10_000

/**
 * Passwords that were right a moment ago, so that a caller who shows one with every call does not cost PBKDF2 each time.
 * Kept as HMACs under a key of this process: they are of no use to whoever reads them. Not for what was wrong, which stays dear.
 */
export interface PasswordMemory {
  knows(evidence: string): boolean
  keep(evidence: string): void
}

/**
 * Evidence holds everything that the outcome depends on: user, verifier and secret. With another verifier it is another
 * evidence, so a password that was replaced is not known for another moment.
 * @param now a clock in milliseconds that never goes back.
 */
export function createPasswordMemory(now: () => number): PasswordMemory {
  const key = randomBytes(32)
  /** When each is forgotten, the earliest first. */
  const kept = new Map<string, number>()
  const digest = (evidence: string) => createHmac('sha256', key).update(evidence).digest('base64')

  return {
    knows(evidence) {
      const entry = digest(evidence)
      const time = now()
      const until = kept.get(entry) ?? 0
      if (until <= time) return false
      // A caller who goes on calling is not checked anew every minute; not each call costs a place at the end.
      if (until - time < KEPT_MS / 2) {
        kept.delete(entry)
        kept.set(entry, time + KEPT_MS)
      }
      return true
    },
    keep(evidence) {
      for (const [oldest, until] of kept) {
        if (until > now() && kept.size < MAX_KEPT) break
        kept.delete(oldest)
      }
      const entry = digest(evidence)
      kept.delete(entry)
      kept.set(entry, now() + KEPT_MS)
    },
  }
}
