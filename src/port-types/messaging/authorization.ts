import type { ByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'

/** What a caller shows of itself. */
export type Credentials =
  | { readonly kind: 'password'; readonly name: ByteString; readonly password: ByteString }
  | { readonly kind: 'token'; readonly token: ByteString }

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
/** RFC 6750, 2.1: b64token. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

/** Reads an Authorization header (RFC 9110, 11.6.2): Basic, whose text is UTF-8 here (RFC 7617), or Bearer (RFC 6750). Throws `not-authenticated`. */
export function parseAuthorization(header: string): Credentials {
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +(.*?) *$/.exec(header) ?? []
  const read = SCHEMES.get(scheme.toLowerCase())
  if (read === undefined) throw refused('use Basic or Bearer')
  return read(value)
}

const SCHEMES: ReadonlyMap<string, (value: string) => Credentials> = new Map([
  ['basic', readBasic],
  ['bearer', readBearer],
])

function readBasic(value: string): Credentials {
  // The bytes of UTF-8 are what the service wants; whether they are UTF-8 is seen below.
  const text = BASE64.test(value) ? atob(value) : ''
  const colon = text.indexOf(':')
  if (colon < 1 || !isUtf8(text)) throw refused('Basic takes the base64 of user:password in UTF-8')
  return {
    kind: 'password',
    name: text.slice(0, colon) as ByteString,
    password: text.slice(colon + 1) as ByteString,
  }
}

function readBearer(value: string): Credentials {
  if (!TOKEN.test(value)) throw refused('Bearer takes a token')
  return { kind: 'token', token: value as ByteString }
}

/** Are these bytes UTF-8. */
function isUtf8(bytes: string): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
    return true
  } catch {
    return false
  }
}

function refused(rule: string): Fault {
  return new Fault('not-authenticated', `the Authorization header cannot be understood: ${rule}`)
}
