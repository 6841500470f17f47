import type { SimpleType, SimpleValue, WhiteSpace } from './simple-type.ts'
import { isName, isNmtoken } from './xml-characters.ts'

/** A text has the length of its characters, not of its UTF-16 units (XML Schema part 2, 4.3.1). */
function countCharacters(value: SimpleValue): number {
  let count = 0
  for (const _ of value as string) count++
  return count
}

function stringType(
  name: string,
  whiteSpace: WhiteSpace,
  sample: string,
  isValid: (text: string) => boolean,
): SimpleType {
  return {
    name,
    sample,
    whiteSpace,
    length: countCharacters,
    parse: (text) => (isValid(text) ? text : undefined),
    encode(value) {
      if (typeof value !== 'string') throw new TypeError('the value is not a string')
      if (!isValid(value)) throw new TypeError(`the value is not an xs:${name}`)
      return value
    },
  }
}

const any = (): boolean => true
const isNcName = (text: string): boolean => isName(text) && !text.includes(':')
/** White space that collapsing leaves: single blanks inside. A URI has none, but the type takes what can be escaped (XML Schema part 2, 3.2.17). */
const isUri = (text: string): boolean => !/%(?![0-9A-Fa-f]{2})|#.*#/.test(text)

/** xs:string and what is derived from it, and xs:anyURI. xs:ID is taken for a name: whether it is unique is not looked at. */
export const STRING_TYPES: readonly SimpleType[] = [
  stringType('string', 'preserve', '  two   words  ', any),
  stringType('normalizedString', 'replace', 'two words', any),
  stringType('token', 'collapse', 'two words', any),
  stringType('language', 'collapse', 'en', (text) => /^[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*$/.test(text)),
  // A Name may have colons anywhere, an NCName none.
  stringType('Name', 'collapse', 'name', (text) => isName(text.replaceAll(':', '_'))),
  stringType('NCName', 'collapse', 'name', isNcName),
  stringType('ID', 'collapse', 'id-1', isNcName),
  stringType('NMTOKEN', 'collapse', 'token', isNmtoken),
  stringType('anyURI', 'collapse', 'urn:example', isUri),
]
