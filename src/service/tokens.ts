import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ByteString } from '../domain/byte-string.ts'
import { parseUserName, type UserName } from '../domain/user-name.ts'

/** What a token says of itself. Until `fits` says yes, anybody may have written it. */
export interface ShownToken {
  readonly user: UserName
  /** Was it issued here while the user had this verifier, and has it not expired? */
  fits(verifier: ByteString): boolean
}

/** Bearer tokens (RFC 6750): nothing is kept of them, and one is void as soon as its account has another verifier, or none. */
export interface Tokens {
  /** @param expires in seconds since 1970. */
  issue(user: UserName, verifier: ByteString, expires: number): ByteString
  /** Reads what somebody shows; undefined for what is no token. */
  read(token: ByteString): ShownToken | undefined
}

/** `dms1.<claims>.<HMAC-SHA256>`, both in base64url (RFC 4648, section 5); the claims are the expiry, a blank, the name. */
const FORM = /^dms1\.([\w-]{1,128})\.([\w-]{43})$/
const CLAIMS = /^(\d{1,12}) (.+)$/s

/**
 * @param key the secret that tokens are made with. One that is lost makes all of them void.
 * @param clock milliseconds since 1970.
 */
export function createTokens(key: Uint8Array, clock: () => number): Tokens {
  // The verifier is no part of the token, but of what is signed. No NUL is in any of the parts.
  const sign = (claims: string, verifier: ByteString): Buffer =>
    createHmac('sha256', key).update(`token\0${claims}\0${verifier}`, 'latin1').digest()

  return {
    issue(user, verifier, expires) {
      const claims = Buffer.from(`${expires} ${user}`, 'latin1').toString('base64url')
      return `dms1.${claims}.${sign(claims, verifier).toString('base64url')}` as ByteString
    },
    read(token) {
      const [, claims = '', signature = ''] = FORM.exec(token) ?? []
      const [, expires = '', name = ''] =
        CLAIMS.exec(Buffer.from(claims, 'base64url').toString('latin1')) ?? []
      const user = nameIn(name as ByteString)
      if (user === undefined) return undefined
      return {
        user,
        fits: (verifier) =>
          timingSafeEqual(Buffer.from(signature, 'base64url'), sign(claims, verifier)) &&
          clock() < Number(expires) * 1000,
      }
    },
  }
}

function nameIn(text: ByteString): UserName | undefined {
  try {
    return parseUserName(text)
  } catch {
    return undefined
  }
}
