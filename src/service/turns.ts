import { Fault } from '../domain/fault.ts'

/** Runs work when its turn comes. Rejects as the work does, or with `try-again` when too many wait. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>

/**
 * One thing at a time, in order, `limit` at most begun or waiting. For work that fills a processor: node runs it in the four
 * threads that also serve files and name look-ups, and logins must not hold all of them.
 */
export function createTurns(limit: number): Turns {
  let last: Promise<unknown> = Promise.resolve()
  let open = 0

  return async (work) => {
    if (open >= limit)
      throw new Fault('try-again', 'too many passwords are being checked: try again in a moment')
    open += 1
    const turn = last.then(work)
    last = turn.catch(() => {}).finally(() => (open -= 1))
    return await turn
  }
}
