import { createHash, randomBytes } from 'node:crypto'
import { FingerprintSet } from './fingerprint-set.ts'

/** Nonces that were used a while ago at most. */
export interface NonceCache {
  /** Takes a nonce for a caller who is being checked. `known`: it is taken already; `full`: there is no room to remember it. */
  reserve(nonce: string): 'reserved' | 'known' | 'full'
  /** The caller was not who it said: the nonce is free again. */
  release(nonce: string): void
}

/** How many nonces are remembered, and for how long. */
export interface NonceCacheOptions {
  /** At most so many; 16 to 32 bytes each. */
  readonly capacity: number
  /** At least so long, in milliseconds, and an eighth of that longer at most. */
  readonly keepMs: number
  /** A clock in milliseconds. */
  readonly now: () => number
}

/** Nonces that came in one stretch of time, and are forgotten together. */
interface Generation {
  readonly nonces: FingerprintSet
  readonly end: number
  size: number
}

const GENERATIONS = 8

/**
 * Remembers nonces for as long as their messages could be replayed. When there is no room for one more it says so: a nonce
 * that is fresh is never forgotten to make room. Kept as fingerprints of 64 bits under a secret of this process, so that nobody
 * can make two that are taken for one.
 */
export function createNonceCache({ capacity, keepMs, now }: NonceCacheOptions): NonceCache {
  const secret = randomBytes(16)
  let generations: Generation[] = []
  let size = 0

  function fingerprint(nonce: string): readonly [high: number, low: number] {
    const digest = createHash('sha256').update(secret).update(nonce).digest()
    return [digest.readUInt32LE(0), digest.readUInt32LE(4)]
  }

  /** Forgets what is old, and gives the generation of this time. */
  function current(time: number): Generation {
    const first = generations[0]
    if (first !== undefined && first.end + keepMs <= time) {
      generations = generations.filter(({ end }) => end + keepMs > time)
      size = generations.reduce((sum, generation) => sum + generation.size, 0)
    }
    const last = generations.at(-1)
    if (last !== undefined && time < last.end) return last
    const next = { nonces: new FingerprintSet(), end: time + keepMs / GENERATIONS, size: 0 }
    generations.push(next)
    return next
  }

  return {
    reserve(nonce) {
      const generation = current(now())
      const [high, low] = fingerprint(nonce)
      if (generations.some(({ nonces }) => nonces.has(high, low))) return 'known'
      if (size >= capacity) return 'full'
      generation.nonces.add(high, low)
      generation.size++
      size++
      return 'reserved'
    },
    release(nonce) {
      const [high, low] = fingerprint(nonce)
      const generation = generations.find(({ nonces }) => nonces.delete(high, low))
      if (generation === undefined) return
      generation.size--
      size--
    },
  }
}
