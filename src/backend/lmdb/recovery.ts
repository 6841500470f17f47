import { setTimeout } from 'node:timers/promises'
import type { Observer } from '../../domain/observer.ts'

/** How often a store that failed tries whether the disk takes writes again, in milliseconds. */
const PROBE_INTERVAL_MS = 500

/** What a recovery works with. */
export interface RecoveryOptions {
  readonly observer: Observer
  /** Aborted when the store closes. */
  readonly closing: AbortSignal
  /** Begins the store anew from its disk, and writes to it. Rejects while that cannot be done. */
  readonly reopen: () => Promise<void>
  /** The store takes writes again. */
  readonly reopened: () => void
}

/** Brings a store back after a commit that failed (wire-protocol 3, 5). */
export interface Recovery {
  /** Why nothing can be stored now, in one line; undefined while all is well. */
  readonly failure: string | undefined
  /** A commit failed: nothing is acknowledged any more until the disk takes writes again. */
  failed(error: unknown): void
  /** Resolves when the store takes writes: at once while it does. */
  recovered(): Promise<void>
  /** Resolves when nothing is tried any more; to be called once `closing` is aborted. */
  ended(): Promise<void>
}

/** Watches over a store that takes writes. */
export function createRecovery({ observer, closing, reopen, reopened }: RecoveryOptions): Recovery {
  let failure: string | undefined
  let probing: Promise<void> = Promise.resolve()
  let waiting: (() => void)[] = []

  return {
    get failure() {
      return failure
    },

    failed(error) {
      failure = 'the store cannot write to its disk'
      observer.internalError?.('commit', error)
      observer.storeHealth?.(failure)
      probing = probe()
    },

    recovered: () =>
      failure === undefined && !closing.aborted
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve)
          }),

    ended: () => probing,
  }

  /** Tries until the disk takes writes again. */
  async function probe(): Promise<void> {
    for (;;) {
      await setTimeout(PROBE_INTERVAL_MS, undefined, { signal: closing }).catch(() => {})
      if (closing.aborted) return
      try {
        await reopen()
        break
      } catch {
        // Not yet.
      }
    }
    failure = undefined
    observer.storeHealth?.(undefined)
    reopened()
    const resumed = waiting
    waiting = []
    for (const resume of resumed) resume()
  }
}
