/** What a simple type's value is in JavaScript. */
export type SimpleValue = string | number | boolean

/** A built-in simple type of XML Schema: its lexical form and its value. */
export interface SimpleType {
  /** For people, in faults. */
  readonly name: string
  /** A value to show what one looks like. */
  readonly sample: SimpleValue
  /** Undefined: the text is not of the type. */
  decode(text: string): SimpleValue | undefined
  /** The lexical form, not yet escaped. Throws a `TypeError` for a value that is not of the type. */
  encode(value: unknown): string
}

/** XML Schema part 2, 4.3.6: whiteSpace=collapse. */
function collapse(text: string): string {
  return text.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '')
}

const STRING: SimpleType = {
  name: 'string',
  sample: '  two   words  ',
  decode: (text) => text,
  encode(value) {
    if (typeof value !== 'string') throw new TypeError('the value is not a string')
    return value
  },
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

const BOOLEAN: SimpleType = {
  name: 'boolean',
  sample: true,
  decode: (text) => BOOLEANS.get(collapse(text)),
  encode(value) {
    if (typeof value !== 'boolean') throw new TypeError('the value is not a boolean')
    return String(value)
  },
}

const INT: SimpleType = {
  name: 'int',
  sample: 1,
  decode(text) {
    const collapsed = collapse(text)
    if (!/^[+-]?[0-9]+$/.test(collapsed)) return undefined
    const value = Number(collapsed)
    return value >= -(2 ** 31) && value < 2 ** 31 ? value + 0 : undefined
  },
  encode(value) {
    if (typeof value !== 'number' || (value | 0) !== value) throw new TypeError('the value is not an int')
    return String(value)
  },
}

/** The simple types that contracts may use, by their names in the XML Schema namespace. */
export const SIMPLE_TYPES: ReadonlyMap<string, SimpleType> = new Map(
  [STRING, BOOLEAN, INT].map((type) => [type.name, type]),
)

/** Reads an xs:boolean attribute such as xsi:nil. */
export function parseBoolean(text: string): boolean | undefined {
  return BOOLEANS.get(collapse(text))
}
