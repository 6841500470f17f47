import { hasOnlyXmlCharacters } from './xml-characters.ts'

/** XML 1.0, 2.2: Char. */
const NOT_ALLOWED_EACH = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** What is written for what. As it is, a reader would take a carriage return for a line end (XML 1.0, 2.11). */
const REFERENCES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }
const ATTRIBUTE_REFERENCES = { ...REFERENCES, '"': '&quot;' }
/** No reference is longer. */
const LONGEST = 6

/**
 * References by the bytes that they are for: their `lengths`, 1 for what is written as it is, and their letters, at the byte times
 * `LONGEST`. Bytes of UTF-8, since what has references is ASCII.
 */
interface ReferenceTable {
  readonly lengths: Uint8Array
  readonly references: Uint8Array
}

function tableOf(references: Readonly<Record<string, string>>): ReferenceTable {
  const lengths = new Uint8Array(256).fill(1)
  const written = Buffer.alloc(256 * LONGEST)
  for (const [character, reference] of Object.entries(references)) {
    const code = character.charCodeAt(0)
    lengths[code] = written.write(reference, code * LONGEST)
  }
  return { lengths, references: written }
}

/** `notPlain`: anything but characters that stand for themselves, and that XML 1.0 allows. */
function escapeBy(notPlain: RegExp, { lengths, references }: ReferenceTable): (text: string) => string {
  return (text) => {
    if (!notPlain.test(text)) return text
    if (!hasOnlyXmlCharacters(text))
      throw new RangeError('the text has a character that XML 1.0 does not allow')
    const bytes = Buffer.from(text)
    let length = 0
    for (let at = 0; at < bytes.length; at++) length += lengths[bytes[at] as number] as number
    if (length === bytes.length) return text
    const escaped = Buffer.allocUnsafe(length + LONGEST)
    let to = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number
      const written = lengths[byte] as number
      if (written === 1) escaped[to++] = byte
      else {
        // As many as the longest has; what is too much is written over. Measured: a loop to the end of each takes twice as long.
        const from = byte * LONGEST
        escaped[to] = references[from] as number
        escaped[to + 1] = references[from + 1] as number
        escaped[to + 2] = references[from + 2] as number
        escaped[to + 3] = references[from + 3] as number
        escaped[to + 4] = references[from + 4] as number
        escaped[to + 5] = references[from + 5] as number
        to += written
      }
    }
    return escaped.toString(bytes.length === text.length ? 'latin1' : 'utf8', 0, length)
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
