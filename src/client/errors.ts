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

/** Nobody who is believed vouches for the certificate. Newer versions of Node add advice of their own, which is none for those who call a program. */
const UNVOUCHED: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in its chain'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate of an unknown authority'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate of an unknown authority'],
])

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was cut'],
  ['EPIPE', 'the connection was cut'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'the name could not be looked up'],
  ['EHOSTUNREACH', 'no route to this host'],
  ['ENETUNREACH', 'no route to this network'],
  ['ETIMEDOUT', 'no answer'],
  ...UNVOUCHED,
])

type Failure = Error & { readonly code?: unknown }

/** For a dial that met itself (domain/address.ts): what the system says in all other cases where nobody listens. */
export function nobodyListens(): Failure {
  return Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
}

/** What a failed connection's error means, in a person's words. */
export function connectionFailure(error: Failure): string {
  const code = codeOf(error)
  return REASONS.get(code) ?? (error.message || code)
}

/** Did the server show a certificate that nobody who is believed vouches for. */
export function isUnvouched(error: Failure): boolean {
  return UNVOUCHED.has(codeOf(error))
}

function codeOf({ code }: Failure): string {
  return typeof code === 'string' ? code : ''
}
