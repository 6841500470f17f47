import { hasOnlyXmlCharacters } from './xml-characters.ts'

/** Anything but characters that stand for themselves in text and in an attribute, and that XML 1.0 allows. */
const NOT_PLAIN = /[^\t\n !#-%'-;=?-\ud7ff\ue000-\ufffd]/
/** XML 1.0, 2.2: Char. */
const NOT_ALLOWED_EACH = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** What is written for what. As it is, a reader would take a carriage return for a line end (XML 1.0, 2.11). */
const REFERENCES = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ['\r', '&#13;'],
] as const

/** Writes text so that a reader of the XML gets exactly it. Throws a `RangeError` for characters that XML 1.0 cannot carry. */
export function escapeXml(text: string): string {
  if (!NOT_PLAIN.test(text)) return text
  if (!hasOnlyXmlCharacters(text))
    throw new RangeError('the text has a character that XML 1.0 does not allow')
  let escaped = text
  for (const [character, reference] of REFERENCES) escaped = escaped.replaceAll(character, reference)
  return escaped
}

/** Writes an attribute's value so that a reader gets exactly it: there, tabs and line ends must be references too (XML 1.0, 3.3.3). */
export function escapeAttribute(text: string): string {
  return escapeXml(text).replace(/[\t\n]/g, (character) => (character === '\t' ? '&#9;' : '&#10;'))
}

/** For words about a request that may quote it: what XML cannot carry becomes `?`. Never throws. */
export function escapeXmlQuote(text: string): string {
  return escapeXml(text.replace(NOT_ALLOWED_EACH, '?'))
}
