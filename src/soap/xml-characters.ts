import { type CodeUnits, codeUnitsOf, textOf } from './code-units.ts'

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
  const units = codeUnitsOf(document)
  return textOf(units, removeReturns(units))
}

/** Does it in place, and gives how much is left. */
function removeReturns(codes: CodeUnits): number {
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
