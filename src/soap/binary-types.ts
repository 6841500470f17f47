import type { SimpleType, SimpleValue } from './simple-type.ts'

/** Four characters a group; blanks may stand between, and only bits that count may be set (XML Schema part 2, 3.2.16). */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/
const HEX = /^(?:[0-9a-fA-F]{2})*$/

function binaryType(name: string, coding: 'base64' | 'hex', isValid: (text: string) => boolean): SimpleType {
  return {
    name,
    sample: Buffer.from('bytes'),
    inPart: coding === 'base64',
    whiteSpace: 'collapse',
    length: (value) => (value as Uint8Array).length,
    compare: (a: SimpleValue, b: SimpleValue) => Buffer.compare(a as Uint8Array, b as Uint8Array),
    parse: (text) => (isValid(text) ? Buffer.from(text, coding) : undefined),
    encode(value) {
      if (!(value instanceof Uint8Array)) throw new TypeError(`the value is not an xs:${name}`)
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(coding)
    },
  }
}

/** xs:base64Binary and xs:hexBinary: bytes. */
export const BINARY_TYPES: readonly SimpleType[] = [
  binaryType('base64Binary', 'base64', (text) =>
    BASE64.test(text.includes(' ') ? text.replaceAll(' ', '') : text),
  ),
  binaryType('hexBinary', 'hex', (text) => HEX.test(text)),
]
