/** Runs work when its turn comes, in order. Settles as the work does. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>

/** So many pieces of work at a time; the others wait. */
export function createTurns(atOnce: number): Turns {
  const waiting: (() => void)[] = []
  let free = atOnce

  return async (work) => {
    if (free > 0) free--
    else {
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
      })
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
