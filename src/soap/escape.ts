import { type CodeUnits, codeUnitsOf, textOf } from './code-units.ts'
import { hasOnlyXmlCharacters } from './xml-characters.ts'

/** Anything but characters that stand for themselves in text and in an attribute, and that XML 1.0 allows. */
const NOT_PLAIN = /[^\t\n !#-%'-;=?-\ud7ff\ue000-\ufffd]/
/** XML 1.0, 2.2: Char. */
const NOT_ALLOWED_EACH = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** What is written for what. As it is, a reader would take a carriage return for a line end (XML 1.0, 2.11). */
const REFERENCES = new Map(
  Object.entries({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' }).map(
    ([character, reference]) => [character.charCodeAt(0), Buffer.from(reference)],
  ),
)
/** All of them are below it. */
const LETTERS = 0x40
/** By code: how many characters more its reference has; 0, it is written as it is. */
const MORE = Uint8Array.from({ length: LETTERS }, (_, code) => (REFERENCES.get(code)?.length ?? 1) - 1)

/** Writes text so that a reader of the XML gets exactly it. Throws a `RangeError` for characters that XML 1.0 cannot carry. */
export function escapeXml(text: string): string {
  if (!NOT_PLAIN.test(text)) return text
  if (!hasOnlyXmlCharacters(text))
    throw new RangeError('the text has a character that XML 1.0 does not allow')
  const units = codeUnitsOf(text)
  let length = units.length
  for (let at = 0; at < units.length; at++) {
    const unit = units[at] as number
    if (unit < LETTERS) length += MORE[unit] as number
  }
  if (length === units.length) return text
  const escaped = units.BYTES_PER_ELEMENT === 1 ? Buffer.allocUnsafe(length) : new Uint16Array(length)
  writeEscaped(units, escaped)
  return textOf(escaped)
}

function writeEscaped(units: CodeUnits, escaped: CodeUnits): void {
  let to = 0
  for (let at = 0; at < units.length; at++) {
    const unit = units[at] as number
    if (unit >= LETTERS || MORE[unit] === 0) escaped[to++] = unit
    else {
      const reference = REFERENCES.get(unit) as Buffer
      for (let index = 0; index < reference.length; index++) escaped[to++] = reference[index] as number
    }
  }
}

/** Writes an attribute's value so that a reader gets exactly it: there, tabs and line ends must be references too (XML 1.0, 3.3.3). */
export function escapeAttribute(text: string): string {
  return escapeXml(text).replace(/[\t\n]/g, (character) => (character === '\t' ? '&#9;' : '&#10;'))
}

/** For words about a request that may quote it: what XML cannot carry becomes `?`. Never throws. */
export function escapeXmlQuote(text: string): string {
  return escapeXml(text.replace(NOT_ALLOWED_EACH, '?'))
}
