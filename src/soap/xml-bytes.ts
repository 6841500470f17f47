import { isAscii, isUtf8 } from 'node:buffer'
import { XmlError } from './scanner.ts'

/** The document is in an encoding that is not read here: HTTP 415. */
export class UnsupportedEncoding extends Error {}

interface Encoding {
  /** How charset parameters and XML declarations call it, in lower case. */
  readonly names: ReadonlySet<string>
  /** The byte order mark that is taken off. */
  readonly bomBytes: number
  /** Undefined: the bytes are not valid. */
  decode(bytes: Buffer): string | undefined
}

/** ASCII first: such a string has one byte a character, and everything after works on it faster. */
function decodeUtf8(bytes: Buffer): string | undefined {
  if (isAscii(bytes)) return bytes.toString('latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

function decodeUtf16(label: 'utf-16le' | 'utf-16be'): (bytes: Buffer) => string | undefined {
  return (bytes) => {
    try {
      return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      return undefined
    }
  }
}

const UTF8_NAMES = new Set(['utf-8', 'utf8'])
const UTF8: Encoding = { names: UTF8_NAMES, bomBytes: 0, decode: decodeUtf8 }
const UTF8_WITH_BOM: Encoding = { names: UTF8_NAMES, bomBytes: 3, decode: decodeUtf8 }
const UTF16_BE: Encoding = {
  names: new Set(['utf-16', 'utf-16be']),
  bomBytes: 2,
  decode: decodeUtf16('utf-16be'),
}
const UTF16_LE: Encoding = {
  names: new Set(['utf-16', 'utf-16le']),
  bomBytes: 2,
  decode: decodeUtf16('utf-16le'),
}

const READABLE = new Set([UTF8, UTF16_BE, UTF16_LE].flatMap(({ names }) => [...names]))

/** The byte order mark decides (XML 1.0, appendix F.1; RFC 7303, 3); without one it is UTF-8. */
function encodingOf(bytes: Buffer): Encoding {
  const first = bytes[0]
  const second = bytes[1]
  if (first === 0xef && second === 0xbb && bytes[2] === 0xbf) return UTF8_WITH_BOM
  if (first === 0xfe && second === 0xff) return UTF16_BE
  if (first === 0xff && second === 0xfe) {
    if (bytes[2] === 0 && bytes[3] === 0) throw new UnsupportedEncoding('UTF-32 is not read; send UTF-8')
    return UTF16_LE
  }
  return UTF8
}

const LESS = 0x3c
const QUESTION = 0x3f
/** What is looked at for one. */
const LONGEST_DECLARATION = 256
const DECLARED = /^<\?xml[ \t\r\n][^>]*?[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["']([^"'>]*)["']/

function checkName(name: string, encoding: Encoding, who: string): void {
  const lowered = name.toLowerCase()
  if (encoding.names.has(lowered)) return
  if (!READABLE.has(lowered)) {
    throw new UnsupportedEncoding('the encoding is not read; send UTF-8, or UTF-16 with a byte order mark')
  }
  throw new XmlError(`${who} names another encoding than the document is in`)
}

/**
 * Decodes a document's bytes: UTF-8 with or without a byte order mark, UTF-16 with one (soap 2).
 * The charset parameter and the XML declaration must agree with the bytes.
 * Throws `UnsupportedEncoding`, or `XmlError` for bytes that are not valid; nothing becomes U+FFFD.
 */
export function decodeXml(body: Uint8Array, charset: string | undefined): string {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const encoding = encodingOf(bytes)
  if (charset !== undefined) checkName(charset, encoding, 'the charset parameter')
  const marked = encoding.bomBytes === 0 ? bytes : bytes.subarray(encoding.bomBytes)

  // An encoding that is not read is told from the declaration before its bytes look like broken UTF-8.
  const document = encoding.decode(marked)
  if (document === undefined) {
    if (encoding.bomBytes === 0) checkDeclaration(bytes.toString('latin1', 0, LONGEST_DECLARATION), encoding)
    throw new XmlError('the bytes are not valid in their encoding')
  }
  checkDeclaration(document, encoding)
  if (document.charCodeAt(0) === 0xfeff) throw new XmlError('a second byte order mark')
  return document
}

/** A declaration that agreed with its encoding, which is most likely the next one too. */
let agreed: { readonly declaration: string; readonly encoding: Encoding } | undefined

function checkDeclaration(document: string, encoding: Encoding): void {
  if (document.charCodeAt(0) !== LESS || document.charCodeAt(1) !== QUESTION) return
  if (agreed?.encoding === encoding && document.slice(0, agreed.declaration.length) === agreed.declaration)
    return
  const [declaration, declared] = DECLARED.exec(document.slice(0, LONGEST_DECLARATION)) ?? []
  if (declaration === undefined || declared === undefined) return
  checkName(declared, encoding, 'the XML declaration')
  agreed = { declaration, encoding }
}
