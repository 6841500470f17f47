import { codeUnitsOf, textOf } from './code-units.ts'
import { hasOnlyXmlCharacters } from './xml-characters.ts'

/** XML 1.0, 2.2: Char. */
const NOT_ALLOWED_EACH = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** What is written for what. As it is, a reader would take a carriage return for a line end (XML 1.0, 2.11). */
const REFERENCES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }
const ATTRIBUTE_REFERENCES = { ...REFERENCES, '"': '&quot;' }
/** All characters of which there are such are below it. */
const LETTERS = 0x40
/** No reference is longer. */
const LONGEST = 6

/** References as numbers: `lengths` by a character's code, 1 where it is written as it is, and `written`, so many for each code. */
interface ReferenceTable {
  readonly lengths: Uint8Array
  readonly written: Uint8Array
}

function tableOf(references: Readonly<Record<string, string>>): ReferenceTable {
  const lengths = new Uint8Array(LETTERS).fill(1)
  const written = Buffer.alloc(LETTERS * LONGEST)
  for (const [character, reference] of Object.entries(references)) {
    const code = character.charCodeAt(0)
    lengths[code] = written.write(reference, code * LONGEST)
  }
  return { lengths, written }
}

/** `notPlain`: anything but characters that stand for themselves, and that XML 1.0 allows. */
function escapeBy(notPlain: RegExp, { lengths, written }: ReferenceTable): (text: string) => string {
  return (text) => {
    if (!notPlain.test(text)) return text
    if (!hasOnlyXmlCharacters(text))
      throw new RangeError('the text has a character that XML 1.0 does not allow')
    const units = codeUnitsOf(text)
    let length = units.length
    for (let at = 0; at < units.length; at++) {
      const unit = units[at] as number
      if (unit < LETTERS) length += (lengths[unit] as number) - 1
    }
    if (length === units.length) return text
    const escaped = units.BYTES_PER_ELEMENT === 1 ? Buffer.allocUnsafe(length) : new Uint16Array(length)
    let to = 0
    for (let at = 0; at < units.length; at++) {
      const unit = units[at] as number
      if (unit >= LETTERS || lengths[unit] === 1) escaped[to++] = unit
      else {
        const end = unit * LONGEST + (lengths[unit] as number)
        for (let from = unit * LONGEST; from < end; from++) escaped[to++] = written[from] as number
      }
    }
    return textOf(escaped)
  }
}

/** Writes the text of an element so that a reader of the XML gets exactly it. Throws a `RangeError` for characters that XML 1.0 cannot carry. */
export const escapeText = escapeBy(/[^\t\n -%'-;=?-\ud7ff\ue000-\ufffd]/, tableOf(REFERENCES))

/** The same for what may stand in an attribute too, where a quote would end it; white space that is no blank is normalised there. */
export const escapeXml = escapeBy(/[^\t\n !#-%'-;=?-\ud7ff\ue000-\ufffd]/, tableOf(ATTRIBUTE_REFERENCES))

/** Writes an attribute's value so that a reader gets exactly it: there, tabs and line ends must be references too (XML 1.0, 3.3.3). */
export function escapeAttribute(text: string): string {
  return escapeXml(text).replace(/[\t\n]/g, (character) => (character === '\t' ? '&#9;' : '&#10;'))
}

/** For words about a request that may quote it: what XML cannot carry becomes `?`. Never throws. */
export function escapeXmlQuote(text: string): string {
  return escapeXml(text.replace(NOT_ALLOWED_EACH, '?'))
}
