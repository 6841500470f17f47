import { XmlError } from './scanner.ts'

/** What XML 1.0, 2.2 does not allow, but for halves of surrogate pairs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const NOT_ALLOWED = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/

/** Has the document only characters that XML 1.0 allows. */
export function hasOnlyXmlCharacters(document: string): boolean {
  return !NOT_ALLOWED.test(document) && document.isWellFormed()
}

const RETURN = 0x0d
const LINE_FEED = 0x0a

/** The document with one line feed for every line end (XML 1.0, 2.11). There may be a flood of them, for which replacing them one by one is too slow. */
export function withoutReturns(document: string): string {
  if (!document.includes('\r')) return document
  if (Buffer.byteLength(document) === document.length) {
    const bytes = Buffer.from(document, 'latin1')
    return bytes.toString('latin1', 0, removeReturns(bytes))
  }
  const units = new Uint16Array(document.length)
  const bytes = Buffer.from(units.buffer)
  bytes.write(document, 'utf16le')
  return bytes.toString('utf16le', 0, removeReturns(units) * 2)
}

/** Does it in place, and gives how much is left. */
function removeReturns(codes: Uint8Array | Uint16Array): number {
  let length = 0
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] as number
    if (code !== RETURN) codes[length++] = code
    else if (codes[at + 1] !== LINE_FEED) codes[length++] = LINE_FEED
  }
  return length
}

/** XML 1.0, 2.3 [4], without the colon (Namespaces 1.0, 2), for the inside of a class. */
export const NAME_START =
  'A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}-\\u{200d}\\u{2070}-\\u{218f}\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}'
/** XML 1.0, 2.3 [4a], without the colon. */
export const NAME_CHARACTERS = `${NAME_START}.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}-\\u{2040}\\-`
const NCNAME = `[${NAME_START}][${NAME_CHARACTERS}]*`
const NMTOKEN = new RegExp(`^[:${NAME_CHARACTERS}]+$`, 'u')
const QNAME = new RegExp(`${NCNAME}(?::${NCNAME})?`, 'uy')

/** By ASCII code: 0 not in a name, 1 in a name, 2 at its start too. */
const ASCII_NAME = new Uint8Array(128)
for (const [pattern, value] of [
  [/[-.0-9]/, 1],
  [/[A-Z_a-z]/, 2],
] as const) {
  for (let code = 0; code < 128; code++) {
    if (pattern.test(String.fromCharCode(code))) ASCII_NAME[code] = value
  }
}

const COLON = 0x3a

/** Where the qualified name that starts here ends; the same place where there is none. */
export function endOfName(document: string, start: number): number {
  let at = start
  let colon = start - 1
  for (;;) {
    const code = document.charCodeAt(at)
    // Not ASCII: the whole name again, by its definition. (NaN, the end, is neither.)
    if (code >= 128) {
      QNAME.lastIndex = start
      return QNAME.test(document) ? QNAME.lastIndex : start
    }
    const kind = ASCII_NAME[code] ?? 0
    if (at === colon + 1 ? kind === 2 : kind !== 0) at++
    else if (code === COLON && colon < start && at > start) {
      colon = at
      at++
    } else return at === colon + 1 ? start : at
  }
}

/** Is the whole text a qualified name. */
export function isName(text: string): boolean {
  return text !== '' && endOfName(text, 0) === text.length
}

/** Is the whole text an Nmtoken (XML 1.0, 2.3 [7]). */
export function isNmtoken(text: string): boolean {
  return NMTOKEN.test(text)
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

const NO_DIGIT = 255
/** By ASCII code: what it is worth as a hexadecimal digit. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(digit) ? NO_DIGIT : digit
})
const HASH = 0x23
const LOWER_X = 0x78
const MOST = 0x10ffff

/** Puts in what the references of a text stand for. Throws an `XmlError` for those that stand for nothing. */
export function resolveReferences(raw: string): string {
  let text = ''
  let from = 0
  for (;;) {
    const start = raw.indexOf('&', from)
    if (start === -1) return from === 0 ? raw : text + raw.slice(from)
    const end = raw.indexOf(';', start)
    if (end === -1) throw new XmlError('an & is not written as &amp;')
    if (start > from) text += raw.slice(from, start)
    text +=
      raw.charCodeAt(start + 1) === HASH
        ? characterAt(raw, start + 2, end)
        : entityOf(raw.slice(start + 1, end))
    from = end + 1
  }
}

function entityOf(name: string): string {
  const entity = ENTITIES.get(name)
  if (entity === undefined) throw new XmlError('an & is not written as &amp;, or an entity is not declared')
  return entity
}

/** The character whose number stands there (XML 1.0, 4.1 [66]): there may be a flood of them, so the digits are read in place. */
function characterAt(raw: string, from: number, end: number): string {
  const base = raw.charCodeAt(from) === LOWER_X ? 16 : 10
  let code = 0
  let at = base === 16 ? from + 1 : from
  if (at === end) throw new XmlError('a character reference has no number')
  for (; at < end; at++) {
    const digit = DIGITS[raw.charCodeAt(at)] ?? NO_DIGIT
    if (digit >= base) throw new XmlError('a character reference is not a number')
    if (code <= MOST) code = code * base + digit
  }
  const character = code <= MOST ? String.fromCodePoint(code) : '\0'
  if ((code < 0x20 || code > 0xd7ff) && !hasOnlyXmlCharacters(character))
    throw new XmlError('a character reference names a character that XML does not allow')
  return character
}
