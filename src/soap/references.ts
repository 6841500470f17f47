import { type CodeUnits, codeUnitsOf, textOf, utf16UnitsOf } from './code-units.ts'
import { XmlError } from './scanner.ts'
import { hasOnlyXmlCharacters } from './xml-characters.ts'

const AMPERSAND = 0x26
const SEMICOLON = 0x3b
const HASH = 0x23
const LOWER_A = 0x61
const LOWER_M = 0x6d
const LOWER_P = 0x70
const LOWER_X = 0x78
const NO_DIGIT = 255
/** By ASCII code: what it is worth as a hexadecimal digit. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(digit) ? NO_DIGIT : digit
})
const LAST_CODE_POINT = 0x10ffff
const NO_ENTITY = 'an & is not written as &amp;, or an entity is not declared'

/** The letters of an entity's name make one number. */
const LETTER_BITS = 7
const MOST_LETTERS = 4
const CHARACTERS = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const NAMES = Int32Array.from(Object.keys(CHARACTERS), (name) =>
  Array.from(name).reduce((key, letter) => (key << LETTER_BITS) | letter.charCodeAt(0), 0),
)
const CODES = Uint8Array.from(Object.values(CHARACTERS), (character) => character.charCodeAt(0))

/** Puts in what the references of a text stand for, in one pass. Throws an `XmlError` for those that stand for nothing. */
export function resolveReferences(raw: string): string {
  if (!raw.includes('&')) return raw
  const units = codeUnitsOf(raw)
  const length = new Resolver(units).resolve()
  if (length >= 0) return textOf(units, length)
  // A character that is no byte, in a text that was all bytes.
  const wider = utf16UnitsOf(raw)
  return textOf(wider, new Resolver(wider).resolve())
}

/** Resolves in place: what a reference stands for is never longer than it. */
class Resolver {
  private readonly units: CodeUnits
  private at = 0

  constructor(units: CodeUnits) {
    this.units = units
  }

  /** Gives how many units are left; -1 where a character does not fit into one. */
  resolve(): number {
    const { units } = this
    const largest = units.BYTES_PER_ELEMENT === 1 ? 0xff : LAST_CODE_POINT
    let length = 0
    let at = 0
    while (at < units.length) {
      const unit = units[at++] as number
      if (unit !== AMPERSAND) {
        units[length++] = unit
        continue
      }
      // What almost all of them are, in place.
      if (
        units[at] === LOWER_A &&
        units[at + 1] === LOWER_M &&
        units[at + 2] === LOWER_P &&
        units[at + 3] === SEMICOLON
      ) {
        units[length++] = AMPERSAND
        at += 4
        continue
      }
      this.at = at
      const code = units[at] === HASH ? this.readNumber() : this.readEntity()
      at = this.at
      if (code > largest) return -1
      if (code > 0xffff) {
        units[length++] = 0xd800 + ((code - 0x10000) >> 10)
        units[length++] = 0xdc00 + ((code - 0x10000) & 0x3ff)
      } else units[length++] = code
    }
    return length
  }

  private readEntity(): number {
    const { units } = this
    let { at } = this
    let key = 0
    let left = MOST_LETTERS
    for (;;) {
      const unit = units[at++]
      if (unit === SEMICOLON) break
      if (unit === undefined || unit >> LETTER_BITS !== 0 || left-- === 0) throw new XmlError(NO_ENTITY)
      key = (key << LETTER_BITS) | unit
    }
    this.at = at
    for (let place = 0; place < NAMES.length; place++) {
      if (NAMES[place] === key) return CODES[place] as number
    }
    throw new XmlError(NO_ENTITY)
  }

  /** The character whose number stands there (XML 1.0, 4.1 [66]). */
  private readNumber(): number {
    this.at++
    const base = this.units[this.at] === LOWER_X ? 16 : 10
    if (base === 16) this.at++
    const start = this.at
    let code = 0
    for (;;) {
      const unit = this.units[this.at++]
      if (unit === SEMICOLON) break
      const digit = unit === undefined ? NO_DIGIT : (DIGITS[unit] ?? NO_DIGIT)
      if (digit >= base)
        throw new XmlError('a character reference is not a number that ends with a semicolon')
      if (code <= LAST_CODE_POINT) code = code * base + digit
    }
    if (this.at - 1 === start) throw new XmlError('a character reference has no number')
    if ((code < 0x20 || code > 0xd7ff) && !isAllowed(code))
      throw new XmlError('a character reference names a character that XML does not allow')
    return code
  }
}

function isAllowed(code: number): boolean {
  return code <= LAST_CODE_POINT && hasOnlyXmlCharacters(String.fromCodePoint(code))
}
