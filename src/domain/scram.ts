import { decodeBase64, encodeBase64 } from './base64.ts'
import type { ByteString } from './byte-string.ts'
import { Fault } from './fault.ts'
import { KEY_BYTES, parseIterations } from './verifier.ts'

/*
 * The messages of SCRAM-SHA-256 (RFC 5802, section 7; RFC 7677) as text and values, for both ends: AUTH carries them unread,
 * so they are no business of the wire. Byte strings throughout: the user name is UTF-8, all else is ASCII, and what is signed
 * is the very bytes that travelled. Every decoder throws `invalid-request` with the rule that was broken.
 */

/** The longest message, in bytes: the longest name with every byte escaped is 192, and a nonce seldom has more than 64. */
const MAX_MESSAGE_BYTES = 1_024

/** The header that says: no channel binding, nobody else's name. What our client sends. */
export const GS2_HEADER = 'n,,' as ByteString

/** The client-first-message. */
export interface ClientFirst {
  /** What the channel binding of the last message has to repeat. */
  readonly gs2Header: ByteString
  /** The message without the header: the part that is signed. */
  readonly bare: ByteString
  /** The user name, no longer escaped; whether it is a good one has not been looked at. */
  readonly user: ByteString
  readonly nonce: ByteString
}

/** The server-first-message. */
export interface ServerFirst {
  /** The client's nonce with the server's at its end. */
  readonly nonce: ByteString
  readonly salt: Uint8Array
  readonly iterations: number
}

/** The client-final-message. */
export interface ClientFinal {
  /** The message without its proof: the part that is signed. */
  readonly withoutProof: ByteString
  /** The gs2 header once more, which shows that nobody changed it on its way. */
  readonly channelBinding: ByteString
  readonly nonce: ByteString
  readonly proof: Uint8Array
}

/** The part of a client-first-message that is signed; the message is `GS2_HEADER` and this. */
export function encodeClientFirstBare(user: ByteString, nonce: ByteString): ByteString {
  return `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}` as ByteString
}

/**
 * Reads a client-first-message. A client may know of channel binding (`y`) but not ask for it (`p=`), since none is offered;
 * nor may it act as somebody else (`a=`), or depend on an extension (`m=`).
 */
export function decodeClientFirst(text: ByteString): ClientFirst {
  const message = 'the client-first-message'
  const parts = /^(n|y|p=[^,]*),([^,]*),(.*)$/s.exec(text)
  if (parts === null) throw malformed(message, 'must begin with a gs2 header, such as n,,')
  const [, flag = '', authzid = '', bare = ''] = parts
  if (flag.startsWith('p'))
    throw malformed(message, 'asks for channel binding, which is not offered: use n,,')
  if (authzid !== '') throw malformed(message, 'must not name a second user (a=): use n,,')
  const [name, nonce] = readAttributes(message, bare, 'n', 'r')
  return {
    gs2Header: `${flag},,` as ByteString,
    bare: bare as ByteString,
    user: unescapeName(message, name),
    nonce: readNonce(message, nonce),
  }
}

/** Writes a server-first-message. */
export function encodeServerFirst({ nonce, salt, iterations }: ServerFirst): ByteString {
  return `r=${nonce},s=${encodeBase64(salt)},i=${iterations}` as ByteString
}

/** Reads a server-first-message, with an iteration count that `parseIterations` takes. */
export function decodeServerFirst(text: ByteString): ServerFirst {
  const message = 'the server-first-message'
  const [nonce, salt, iterations] = readAttributes(message, text, 'r', 's', 'i')
  return {
    nonce: readNonce(message, nonce),
    salt: readBytes(message, 's', salt),
    iterations: parseIterations(iterations),
  }
}

/** The part of a client-final-message that is signed. */
export function encodeClientFinalWithoutProof(gs2Header: ByteString, nonce: ByteString): ByteString {
  return `c=${encodeBase64(Buffer.from(gs2Header, 'latin1'))},r=${nonce}` as ByteString
}

/** Writes a client-final-message: what was signed, and the proof. */
export function encodeClientFinal(withoutProof: ByteString, proof: Uint8Array): ByteString {
  return `${withoutProof},p=${encodeBase64(proof)}` as ByteString
}

/** Reads a client-final-message. */
export function decodeClientFinal(text: ByteString): ClientFinal {
  const message = 'the client-final-message'
  const proofAt = text.lastIndexOf(',p=')
  if (proofAt === -1) throw malformed(message, 'must end with a proof (p=)')
  const withoutProof = text.slice(0, proofAt) as ByteString
  const [binding, nonce] = readAttributes(message, withoutProof, 'c', 'r')
  return {
    withoutProof,
    channelBinding: Buffer.from(readBytes(message, 'c', binding)).toString('latin1') as ByteString,
    nonce: readNonce(message, nonce),
    proof: readBytes(message, 'p', text.slice(proofAt + 3), KEY_BYTES),
  }
}

/** Writes a server-final-message: the server's signature. A failure is a FAULT of the protocol that carries the messages, not `e=`. */
export function encodeServerFinal(signature: Uint8Array): ByteString {
  return `v=${encodeBase64(signature)}` as ByteString
}

/** Reads the signature of a server-final-message. Throws `not-authenticated` if the server says that it failed (`e=`). */
export function decodeServerFinal(text: ByteString): Uint8Array {
  const message = 'the server-final-message'
  const error = /^e=([a-z0-9-]+)/.exec(text)?.[1]
  if (error !== undefined) throw new Fault('not-authenticated', `the server refuses: ${error}`)
  const [signature] = readAttributes(message, text, 'v')
  return readBytes(message, 'v', signature, KEY_BYTES)
}

/** What both ends sign (RFC 5802, section 3, AuthMessage). */
export function authMessage(bare: ByteString, serverFirst: ByteString, withoutProof: ByteString): ByteString {
  return `${bare},${serverFirst},${withoutProof}` as ByteString
}

/** The values of the attributes that have to stand first, in this order. Optional ones may follow; they mean nothing here. */
function readAttributes<Names extends readonly string[]>(
  message: string,
  text: string,
  ...names: Names
): { [At in keyof Names]: string } {
  if (text.length > MAX_MESSAGE_BYTES) throw malformed(message, `has at most ${MAX_MESSAGE_BYTES} bytes`)
  const attributes = text.split(',')
  if (text.startsWith('m=')) throw malformed(message, 'asks for an extension (m=), and none is known here')
  if (!attributes.every((attribute) => /^[A-Za-z]=[^\0]+$/.test(attribute))) {
    throw malformed(message, 'must be a list of attributes, a letter and a value each, such as r=abc')
  }
  return names.map((name, at) => {
    const attribute = attributes[at]
    if (attribute?.startsWith(name)) return attribute.slice(2)
    throw malformed(message, `must have ${name}= at place ${at + 1} of its attributes`)
  }) as { [At in keyof Names]: string }
}

/** The name without its escapes (RFC 5802, saslname): a comma travels as =2C, an equals sign as =3D. */
function unescapeName(message: string, name: string): ByteString {
  if (/=(?!2C|3D)/.test(name)) throw malformed(message, 'must write = as =3D and a comma as =2C in the name')
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=') as ByteString
}

function readNonce(message: string, nonce: string): ByteString {
  if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(nonce))
    throw malformed(message, 'must have a nonce (r=) of printable ASCII')
  return nonce as ByteString
}

/** @param length how many bytes it has to be, or undefined for any number but 0. */
function readBytes(message: string, name: string, text: string, length?: number): Uint8Array {
  const bytes = decodeBase64(text)
  if (bytes === undefined) throw malformed(message, `must have ${name}= in base64`)
  if (length !== undefined && bytes.length !== length) {
    throw malformed(message, `must have ${length} bytes in ${name}=`)
  }
  return bytes
}

const malformed = (message: string, rule: string): Fault => new Fault('invalid-request', `${message} ${rule}`)
