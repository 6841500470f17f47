import type { HeaderHandler } from './context.ts'
import { DATE_TYPES } from './date-types.ts'
import { nextMarkup } from './envelope.ts'
import { quoteName, SoapFault } from './fault.ts'
import { createNonceCache } from './nonce-cache.ts'
import { type QName, TOKEN, type XmlReader } from './scanner.ts'
import type { SimpleType } from './simple-type.ts'

const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss'
/** The namespaces of WS-Security 1.0 and 1.1 for what is read here. */
export const WSSE = `${WSS}-wssecurity-secext-1.0.xsd`
export const WSU = `${WSS}-wssecurity-utility-1.0.xsd`
/** UsernameToken Profile 1.1, 3.1: the types of a Password. */
export const PASSWORD_TEXT = `${WSS}-username-token-profile-1.0#PasswordText`
const PASSWORD_DIGEST = `${WSS}-username-token-profile-1.0#PasswordDigest`
const BASE64_BINARY = `${WSS}-soap-message-security-1.0#Base64Binary`
const SIGNATURES: ReadonlySet<string> = new Set([
  'http://www.w3.org/2000/09/xmldsig#',
  'http://www.w3.org/2001/04/xmlenc#',
])

/** A UsernameToken with a password as text, or none: fresh, but not yet checked. */
export interface UsernameToken {
  readonly username: string
  readonly password: string | undefined
  /**
   * Runs the check of who this is. A token with a Nonce passes once: the nonce is taken before the check, so that of two at the
   * same time one is refused, and given back when the check rejects, so that strangers cannot fill the memory of nonces.
   * Rejects as the check does, or with a `SoapFault`.
   */
  once<Result>(check: () => Promise<Result>): Promise<Result>
}

/** How fresh a message has to be. */
export interface SecurityOptions {
  /** A clock in milliseconds since 1970. */
  readonly now: () => number
  /** How long after Created a message is taken. Default: 300,000 ms. */
  readonly freshMs?: number
  /** How far in the future another machine's clock may be. Default: 60,000 ms. */
  readonly skewMs?: number
  /** How many nonces are remembered; with more in `freshMs` + `skewMs`, calls with a Nonce are refused. Default: eight million, which is 20,000 calls a second, in 256 MB at most. */
  readonly nonces?: number
}

/** The codes of WS-Security 1.1, section 12 (and 10, for what has expired). */
const CODES = {
  invalid: { namespace: WSSE, local: 'InvalidSecurity' },
  token: { namespace: WSSE, local: 'InvalidSecurityToken' },
  unsupportedToken: { namespace: WSSE, local: 'UnsupportedSecurityToken' },
  unsupportedAlgorithm: { namespace: WSSE, local: 'UnsupportedAlgorithm' },
  expired: { namespace: WSU, local: 'MessageExpired' },
} as const satisfies Record<string, QName>

function refuse(code: keyof typeof CODES, reason: string): SoapFault {
  return new SoapFault('Sender', reason, { location: 'Security', subcode: CODES[code] })
}

/** With its padding or without, but with nothing that would mean no byte; not empty. */
const IS_BASE64 = /^(?=.)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/
const HAS_ZONE = /(?:Z|[+-]\d\d:\d\d)$/
const dateTime = DATE_TYPES.find(({ name }) => name === 'dateTime') as SimpleType

/**
 * Understands wsse:Security (WS-Security 1.1, UsernameToken Profile 1.1): one UsernameToken and one Timestamp. What it holds
 * besides is refused, for a header that must be understood may not be understood in part. Gives the token, if there is one.
 */
export function createSecurityHandler(options: SecurityOptions): HeaderHandler<UsernameToken | undefined> {
  const { now, freshMs = 300_000, skewMs = 60_000, nonces = 8_000_000 } = options
  // A message that comes as early as it may is taken for so long.
  const used = createNonceCache({ capacity: nonces, keepMs: freshMs + skewMs, now })

  function checkCreated(created: number): void {
    if (created > now() + skewMs) throw refuse('invalid', 'Created is in the future: compare the clocks')
    if (created < now() - freshMs) {
      throw refuse('expired', `Created is more than ${freshMs / 1000} s ago: send a new message`)
    }
  }

  function readTimestamp(reader: XmlReader): void {
    const times = new Map<string, number>()
    readChildren(reader, 'Timestamp', () => {
      const name = reader.local
      if (reader.namespace !== WSU || !['Created', 'Expires'].includes(name)) {
        throw refuse('invalid', `a Timestamp must not contain <${quoteName(name)}>`)
      }
      putOnce(times, name, readTime(reader))
    })
    const created = times.get('Created')
    const expires = times.get('Expires')
    if (created !== undefined && expires !== undefined && expires < created) {
      throw refuse('invalid', 'the Timestamp Expires before it was Created')
    }
    if (expires !== undefined && expires <= now() - skewMs)
      throw refuse('expired', 'the Timestamp has expired')
    if (created !== undefined) checkCreated(created)
  }

  function readToken(reader: XmlReader): UsernameToken {
    const texts = new Map<string, string>()
    readChildren(reader, 'UsernameToken', () => {
      const read = TOKEN_PARTS.get(reader.namespace)?.get(reader.local)
      if (read === undefined) {
        throw refuse('token', `a UsernameToken must not contain <${quoteName(reader.local)}>`)
      }
      putOnce(texts, reader.local, read(reader))
    })
    const username = texts.get('Username')
    const nonce = texts.get('Nonce')
    const created = texts.get('Created')
    if (username === undefined) throw refuse('token', 'a UsernameToken must contain a Username')
    if (created !== undefined) checkCreated(timeOf(created))
    // Without it nobody could say until when the nonce has to be remembered (UsernameToken Profile 1.1, 3.1).
    else if (nonce !== undefined) throw refuse('token', 'a Nonce must come with Created')
    return {
      username,
      password: texts.get('Password'),
      once: (check) => (nonce === undefined ? check() : checkOnce(`${username}\0${nonce}`, check)),
    }
  }

  async function checkOnce<Result>(nonce: string, check: () => Promise<Result>): Promise<Result> {
    const outcome = used.reserve(nonce)
    if (outcome === 'known') throw refuse('invalid', 'this Nonce was used before: a message is taken once')
    if (outcome === 'full') {
      throw new SoapFault('Receiver', 'too many nonces were used in the last minutes: try again later')
    }
    try {
      return await check()
    } catch (error) {
      used.release(nonce)
      throw error
    }
  }

  return {
    name: { namespace: WSSE, local: 'Security' },
    repeated: () => refuse('invalid', 'there must be one Security header for a role'),
    decode(reader) {
      const found = new Map<string, UsernameToken | undefined>()
      readChildren(reader, 'Security', () => {
        const { namespace, local } = reader
        if (namespace === WSSE && local === 'UsernameToken') putOnce(found, local, readToken(reader))
        else if (namespace === WSU && local === 'Timestamp') putOnce(found, local, void readTimestamp(reader))
        else throw notUnderstood(namespace, local)
      })
      return found.get('UsernameToken')
    },
  }
}

function notUnderstood(namespace: string, local: string): SoapFault {
  return SIGNATURES.has(namespace)
    ? refuse(
        'unsupportedAlgorithm',
        'signatures and encryption inside the message are not supported: use https',
      )
    : refuse(
        'unsupportedToken',
        `<${quoteName(local)}> is not supported: use a UsernameToken, or HTTP Basic or Bearer`,
      )
}

/** The parts of a UsernameToken, each with what reads it. */
const TOKEN_PARTS: ReadonlyMap<string, ReadonlyMap<string, (reader: XmlReader) => string>> = new Map([
  [
    WSSE,
    new Map([
      ['Username', readText],
      ['Password', readPassword],
      ['Nonce', readNonce],
    ]),
  ],
  [WSU, new Map([['Created', readText]])],
])

function readPassword(reader: XmlReader): string {
  const type = attribute(reader, 'Type') ?? PASSWORD_TEXT
  if (type === PASSWORD_DIGEST) {
    throw refuse(
      'unsupportedToken',
      'a PasswordDigest can only be checked by who stores passwords, and this server stores none: send PasswordText over https',
    )
  }
  if (type !== PASSWORD_TEXT) throw refuse('unsupportedToken', 'the Type of a Password must be PasswordText')
  return readText(reader)
}

/** The bytes, whatever their spelling. */
function readNonce(reader: XmlReader): string {
  const type = attribute(reader, 'EncodingType') ?? BASE64_BINARY
  if (type !== BASE64_BINARY) throw refuse('token', 'the EncodingType of a Nonce must be Base64Binary')
  const text = readText(reader).trim()
  if (!IS_BASE64.test(text)) throw refuse('token', 'a Nonce must be base64')
  return Buffer.from(text, 'base64').toString('latin1')
}

function readTime(reader: XmlReader): number {
  return timeOf(readText(reader))
}

/** WS-Security 1.1, 10: xs:dateTime in UTC; another zone that is given says as much. In milliseconds since 1970. */
function timeOf(text: string): number {
  const written = dateTime.parse(text.trim())
  const time = typeof written === 'string' && HAS_ZONE.test(written) ? Date.parse(written) : Number.NaN
  if (Number.isNaN(time)) {
    throw refuse('invalid', 'Created and Expires must be an xs:dateTime in UTC')
  }
  return time
}

function attribute(reader: XmlReader, local: string): string | undefined {
  return reader.attributes.find((one) => one.local === local && one.namespace === '')?.value
}

function readText(reader: XmlReader): string {
  const { local } = reader
  let text = ''
  let token = reader.next()
  if (token === TOKEN.text) {
    text = reader.text
    token = reader.next()
  }
  if (token !== TOKEN.end) throw refuse('token', `<${quoteName(local)}> must contain text only`)
  return text
}

/** Calls `read` at the start of each child, until the end of the parent on whose start the reader stands. */
function readChildren(reader: XmlReader, parent: string, read: () => void): void {
  while (nextMarkup(reader, parent) === TOKEN.start) {
    const { depth } = reader
    read()
    while (reader.depth >= depth) reader.next()
  }
}

function putOnce<Value>(found: Map<string, Value>, name: string, value: Value): void {
  if (found.has(name)) throw refuse('invalid', `there must not be two of <${quoteName(name)}>`)
  found.set(name, value)
}
