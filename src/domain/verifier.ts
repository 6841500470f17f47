import { decodeBase64, encodeBase64 } from './base64.ts'
import { type ByteString, toByteString } from './byte-string.ts'
import { Fault } from './fault.ts'

/** The length of SHA-256's digests, and so of every SCRAM-SHA-256 key, proof and signature. */
export const KEY_BYTES = 32

/** The fewest iterations (RFC 7677, section 4), and the most: beyond them a login would be a way to burn a processor. */
const ITERATION_BOUNDS = { min: 4_096, max: 1_000_000 } as const

/**
 * The iterations that our client asks for. They do nothing but make a guess dearer, so they follow what there is to guess:
 * a generated secret has 144 random bits, which nobody finds at any price, and the minimum keeps its logins at about a
 * millisecond; a chosen password is in reach of a dictionary, so each guess costs what OWASP advises for PBKDF2 with SHA-256.
 */
export const ITERATIONS = { generated: 4_096, chosen: 600_000 } as const

const SALT_BYTES = { min: 8, max: 64 } as const

/** What a server keeps instead of a secret (RFC 5802, section 3): it can check a proof with it, and cannot make one. */
export interface Verifier {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** Writes the form of RFC 5803: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, as PostgreSQL and others do. ASCII. */
export function formatVerifier({ iterations, salt, storedKey, serverKey }: Verifier): ByteString {
  const [saltText, storedText, serverText] = [salt, storedKey, serverKey].map(encodeBase64)
  return `SCRAM-SHA-256$${iterations}:${saltText}$${storedText}:${serverText}` as ByteString
}

/** Reads the form of RFC 5803. Throws `invalid-request` with the rule that it breaks, without a word of the verifier itself. */
export function parseVerifier(text: ByteString): Verifier {
  const parts = /^SCRAM-SHA-256\$([^:$]*):([^:$]*)\$([^:$]*):([^:$]*)$/s.exec(text)
  if (parts === null) {
    throw invalid('must have the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey (RFC 5803)')
  }
  const [, iterations = '', salt = '', storedKey = '', serverKey = ''] = parts
  return {
    iterations: parseIterations(iterations),
    salt: parseBytes('salt', salt, SALT_BYTES.min, SALT_BYTES.max),
    storedKey: parseBytes('StoredKey', storedKey, KEY_BYTES, KEY_BYTES),
    serverKey: parseBytes('ServerKey', serverKey, KEY_BYTES, KEY_BYTES),
  }
}

/** Reads an iteration count: decimal, without a leading zero, from 4,096 to 1,000,000. Throws `invalid-request`. */
export function parseIterations(text: string): number {
  const { min, max } = ITERATION_BOUNDS
  const iterations = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 0
  if (iterations < min || iterations > max) {
    throw new Fault('invalid-request', `there must be ${min} to ${max} iterations, in decimal`)
  }
  return iterations
}

/** Reads base64 of that many bytes. Throws `invalid-request`. */
function parseBytes(what: string, text: string, min: number, max: number): Uint8Array {
  const bytes = decodeBase64(text)
  if (bytes === undefined) throw invalid(`must have its ${what} in base64`)
  if (bytes.length < min || bytes.length > max) {
    throw invalid(`must have a ${what} of ${min === max ? min : `${min} to ${max}`} bytes`)
  }
  return bytes
}

const invalid = (rule: string): Fault => new Fault('invalid-request', `a verifier ${rule}`)

/**
 * The bytes of a secret that keys are made of: UTF-8 in NFKC, so that one password typed on two keyboards is one password.
 * That is SASLprep (RFC 4013) as far as people's passwords go: it neither drops invisible characters (soft hyphen, joiners)
 * nor looks at unassigned ones, which its Unicode 3.2 tables would. For ASCII both are the same.
 * Throws `invalid-request` for an empty secret, and for control characters, which SASLprep refuses too.
 */
export function prepareSecret(secret: string): ByteString {
  const prepared = secret.normalize('NFKC')
  if (prepared === '') throw new Fault('invalid-request', 'a secret must not be empty')
  if (/[\p{Cc}\p{Cs}]/u.test(prepared)) {
    throw new Fault('invalid-request', 'a secret has no control characters and no broken ones')
  }
  return toByteString(prepared)
}
