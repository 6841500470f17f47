/** Numbers that look random and come again for the same seed (mulberry32). */
export interface Random {
  /** At least 0, less than 1. */
  next(): number
  /** A whole number, at least 0, less than `end`. */
  below(end: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

/** @param seed any whole number; to be named where a run is reported. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const random: Random = {
    next() {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    },
    below: (end) => Math.floor(random.next() * end),
    chance: (probability) => random.next() < probability,
    pick: (from) => from[random.below(from.length)] as (typeof from)[number],
  }
  return random
}
