import { Fault, type FaultCode } from '../domain/fault.ts'
import { CannotConnect, TimedOut } from './errors.ts'

/** Faults that the next attempt may not meet. All others end a session for good. */
const PASSING: ReadonlySet<FaultCode> = new Set(['try-again', 'unavailable'])

/** Is this the kind of failure that passes: may the next attempt meet something else. */
export function passes(error: unknown): boolean {
  if (error instanceof Fault) return PASSING.has(error.code)
  return error instanceof CannotConnect || error instanceof TimedOut
}

/** How long to wait between attempts to reach a server again, in milliseconds. */
export interface BackoffLimits {
  /** Before the first attempt, at most. */
  readonly firstMs: number
  /** Before any attempt, at most. */
  readonly mostMs: number
}

/** From a quarter of a second to a quarter of a minute. */
export const BACKOFF: BackoffLimits = { firstMs: 250, mostMs: 15_000 }

/** The waits between attempts. */
export interface Backoff {
  /** How long to wait now, in milliseconds. */
  next(): number
  /** A connection held for so many milliseconds before it was lost. */
  held(milliseconds: number): void
}

/**
 * Exponential, with full jitter: anything from nothing to twice the last bound, so that the many clients of a server
 * that was restarted do not all come at once. A connection counts as a success when it has held for as long as the longest
 * wait: a server that takes a connection and drops it is not tried ever faster.
 * @param random 0 to 1.
 */
export function createBackoff(limits: BackoffLimits = BACKOFF, random: () => number = Math.random): Backoff {
  let bound = limits.firstMs
  return {
    next() {
      const wait = random() * bound
      bound = Math.min(limits.mostMs, bound * 2)
      return wait
    },
    held(milliseconds) {
      if (milliseconds >= limits.mostMs) bound = limits.firstMs
    },
  }
}
