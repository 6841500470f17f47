import { CannotConnect, TimedOut } from '../client/errors.ts'
import { Fault } from '../domain/fault.ts'

/** What the exit code tells a script. The first command that fails decides. */
export const EXIT_CODES = { done: 0, refused: 1, usage: 2, cannotConnect: 3, timedOut: 4 } as const

/** One of `EXIT_CODES`. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]

/** What an error means at this edge: a stable code for programs, one line for people, the exit code. */
export interface Explanation {
  readonly exit: ExitCode
  readonly code: string
  readonly hint: string
  readonly address?: string
}

/** Explains what a request was rejected with. */
export function explain(error: unknown): Explanation {
  if (error instanceof Fault) return { exit: EXIT_CODES.refused, code: error.code, hint: error.message }
  if (error instanceof CannotConnect) {
    const { address, message } = error
    return { exit: EXIT_CODES.cannotConnect, code: 'cannot-connect', hint: message, address }
  }
  if (error instanceof TimedOut) {
    const { address, message } = error
    return { exit: EXIT_CODES.timedOut, code: 'timed-out', hint: message, address }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { exit: EXIT_CODES.refused, code: 'failed', hint: `this did not work: ${message}` }
}
