import { BINARY_TYPES } from './binary-types.ts'
import { DATE_TYPES } from './date-types.ts'
import { NUMBER_TYPES } from './number-types.ts'
import { NORMALISE, type SimpleType } from './simple-type.ts'
import { STRING_TYPES } from './string-types.ts'

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

const BOOLEAN: SimpleType = {
  name: 'boolean',
  sample: true,
  whiteSpace: 'collapse',
  parse: (text) => BOOLEANS.get(text),
  encode(value) {
    if (typeof value !== 'boolean') throw new TypeError('the value is not a boolean')
    return String(value)
  },
}

/** The built-in simple types that contracts may use, by their names in the XML Schema namespace. */
export const SIMPLE_TYPES: ReadonlyMap<string, SimpleType> = new Map(
  [BOOLEAN, ...STRING_TYPES, ...NUMBER_TYPES, ...DATE_TYPES, ...BINARY_TYPES].map((type) => [
    type.name,
    type,
  ]),
)

/** Reads an xs:boolean attribute such as xsi:nil. */
export function parseBoolean(text: string): boolean | undefined {
  return BOOLEANS.get(NORMALISE.collapse(text))
}
