/** An allowance: how many in one go, and how many a second come back. */
export interface AllowanceRate {
  readonly burst: number
  readonly perSecond: number
}

/** So many allowances of one kind, each known by its slot. */
export interface Allowances {
  /** Milliseconds until there is one to spend. */
  wait(slot: number, time: number): number
  /** Spends so many, also more than there are: what is overdrawn has to come back first. */
  spend(slot: number, time: number, count?: number): void
}

/** The slots of a table: two bytes of a hash tell which is whose. */
const ALLOWANCE_SLOTS = 65_536

/**
 * A table of token buckets, each kept as one number: when it will be full again (the generic cell rate algorithm). Its memory
 * is fixed, 512 KiB, whoever comes, and nothing is ever forgotten to make room. Times in milliseconds, of a clock that never
 * goes back.
 */
export function createAllowances({ burst, perSecond }: AllowanceRate): Allowances {
  const interval = 1000 / perSecond
  const fullAt = new Float64Array(ALLOWANCE_SLOTS)
  return {
    wait: (slot, time) => Math.max(0, (fullAt[slot] ?? 0) - time - (burst - 1) * interval),
    spend(slot, time, count = 1) {
      fullAt[slot] = Math.max(fullAt[slot] ?? 0, time) + count * interval
    },
  }
}
