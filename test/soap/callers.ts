import type { Caller } from '../../src/soap/context.ts'

/** Somebody of whom HTTP tells nothing. */
export const SOMEBODY: Caller = {
  authorization: undefined,
  remoteAddress: undefined,
  forwarded: false,
  secure: false,
  onGone: () => {},
}

/** A program on this machine. */
export const LOCAL: Caller = { ...SOMEBODY, remoteAddress: '127.0.0.1' }
