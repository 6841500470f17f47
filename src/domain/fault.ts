/** Every code a refusal can carry (wire-protocol 2). Stable: programs decide by it. */
export const FAULT_CODES = [
  'no-such-user',
  'user-exists',
  'already-connected',
  'not-connected',
  'not-authenticated',
  'not-allowed',
  'invalid-name',
  'invalid-request',
  'too-large',
  'mailbox-full',
  'try-again',
  'unavailable',
  'unsupported-version',
] as const

/** One of `FAULT_CODES`. Each edge maps all of them with one exhaustive table, so that a new code does not compile until every edge has answered. */
export type FaultCode = (typeof FAULT_CODES)[number]

/** A request that was refused: a stable code for programs, a reason for people. The reason never holds what is secret or internal. */
export class Fault extends Error {
  readonly code: FaultCode

  constructor(code: FaultCode, reason: string) {
    super(reason)
    this.name = 'Fault'
    this.code = code
  }

  /** The fault itself, or `unavailable` for anything that is not a fault: internal errors never reach a peer. */
  static from(error: unknown): Fault {
    return error instanceof Fault ? error : new Fault('unavailable', 'the server could not do this')
  }
}
