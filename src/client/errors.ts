/** No proper answer: nobody listens at the address, or what answers there does not speak the protocol. */
export class CannotConnect extends Error {
  /** Where it was tried, as a person would write it: `host:port` or a URL. */
  readonly address: string

  /** @param message one line for people: what was tried, what came of it, what to do. */
  constructor(address: string, message: string) {
    super(message)
    this.name = 'CannotConnect'
    this.address = address
  }
}

/** No answer within the time limit. Whether the request was carried out is not known. */
export class TimedOut extends Error {
  /** Who did not answer: `host:port` or a URL. */
  readonly address: string

  /** @param message one line for people: who did not answer, how long it was waited, what to do. */
  constructor(address: string, message: string) {
    super(message)
    this.name = 'TimedOut'
    this.address = address
  }
}

/** A file that came is not the one that was sent: its sum is another one. */
export class DamagedFile extends Error {
  constructor() {
    super('the file is damaged: its SHA-256 is not that of the file that was sent')
    this.name = 'DamagedFile'
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was cut'],
  ['EPIPE', 'the connection was cut'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'the name could not be looked up'],
  ['EHOSTUNREACH', 'no route to this host'],
  ['ENETUNREACH', 'no route to this network'],
  ['ETIMEDOUT', 'no answer'],
])

/** What a failed connection's error means, in a person's words. */
export function connectionFailure(error: Error & { readonly code?: unknown }): string {
  const code = typeof error.code === 'string' ? error.code : ''
  return REASONS.get(code) ?? (error.message || code)
}
