import { createHash } from 'node:crypto'

/** Nonces that were used a while ago at most. */
export interface NonceCache {
  /** Takes a nonce for a caller who is being checked. `known`: it is taken already; `full`: there is no room to remember it. */
  reserve(nonce: string): 'reserved' | 'known' | 'full'
  /** The caller was not who it said: the nonce is free again. */
  release(nonce: string): void
}

/** How many nonces are remembered, and for how long. */
export interface NonceCacheOptions {
  /** At most so many; about 100 bytes each. */
  readonly capacity: number
  /** In milliseconds. */
  readonly keepMs: number
  /** A clock in milliseconds. */
  readonly now: () => number
}

/**
 * Remembers nonces for as long as their messages could be replayed. When there is no room for one more it says so: a nonce
 * that is fresh is never forgotten to make room.
 */
export function createNonceCache({ capacity, keepMs, now }: NonceCacheOptions): NonceCache {
  /** When each is forgotten, the earliest first: all are kept equally long. */
  const kept = new Map<string, number>()
  // However long it is, it takes the same room.
  const digest = (nonce: string) => createHash('sha256').update(nonce).digest().toString('latin1', 0, 16)

  return {
    reserve(nonce) {
      const time = now()
      for (const [oldest, until] of kept) {
        if (until > time) break
        kept.delete(oldest)
      }
      const key = digest(nonce)
      if (kept.has(key)) return 'known'
      if (kept.size >= capacity) return 'full'
      kept.set(key, time + keepMs)
      return 'reserved'
    },
    release: (nonce) => void kept.delete(digest(nonce)),
  }
}
