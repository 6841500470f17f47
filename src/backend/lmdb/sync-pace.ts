/**
 * A sync is done in place while it lasted no longer than this on average, in milliseconds: to have another thread do it, and to
 * be woken by that, costs as much again. A disk that is slower, or has just been, must not hold up those who need none.
 */
const QUICK_MS = 0.4
/** How much the last sync counts in that average. */
const WEIGHT = 1 / 8
/** What is longer, in bytes, comes from many callers, and there is other work to do meanwhile. */
const IN_PLACE_BYTES = 8 * 1024

/** Says where the next sync of a log is done, from how long the last ones took. */
export class SyncPace {
  #averageMs: number | undefined

  /** Is the event loop to wait for the sync of so many bytes itself? */
  inPlace(bytes: number): boolean {
    return bytes <= IN_PLACE_BYTES && this.#averageMs !== undefined && this.#averageMs < QUICK_MS
  }

  /** A sync took so long, in milliseconds. */
  took(milliseconds: number): void {
    const average = this.#averageMs ?? milliseconds
    this.#averageMs = average + (milliseconds - average) * WEIGHT
  }
}
