import type { FaultCode } from '../domain/fault.ts'
import type { Verb } from '../domain/observer.ts'

/** Verbs that come again and again, or whose failure has a line of its own (AUTH). */
const QUIET: ReadonlySet<Verb> = new Set(['AUTH', 'USERS', 'PING', 'ATTACH', 'CHUNK', 'FETCH'])

/** Whether the outcome of a request is worth a line in the log; metrics count them all. */
export function isLogged(verb: Verb, outcome: 'ok' | FaultCode): boolean {
  // A SEND that was accepted has a line of its own; what is beyond a limit must not fill the log.
  return !QUIET.has(verb) && outcome !== 'try-again' && !(verb === 'SEND' && outcome === 'ok')
}
