import type { SimpleType, SimpleValue } from './simple-type.ts'

/** XML Schema part 2, 5 asks for 18 digits; nothing here needs more than this, and what is endless is refused before it is computed with. */
const MAX_DIGITS = 64
const INTEGER = /^[+-]?[0-9]+$/
const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/
const DOUBLE = /^(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?INF|NaN)$/

function compareValues(a: SimpleValue, b: SimpleValue): number {
  // NaN is equal to itself here and not in order with anything else (XML Schema part 2, 3.2.4.1).
  if (Object.is(a, b) || a === b) return 0
  return a < b ? -1 : a > b ? 1 : Number.NaN
}

/** An integer type that a number holds exactly. */
function smallInteger(name: string, min: number, max: number): SimpleType {
  const isValue = (value: number): boolean => value >= min && value <= max
  return {
    name,
    sample: Math.min(1, max),
    whiteSpace: 'collapse',
    compare: compareValues,
    parse(text) {
      if (text.length > MAX_DIGITS || !INTEGER.test(text)) return undefined
      const value = Number(text)
      return isValue(value) ? value + 0 : undefined
    },
    encode(value) {
      if (typeof value !== 'number' || !Number.isInteger(value) || !isValue(value)) {
        throw new TypeError(`the value is not an xs:${name}`)
      }
      return String(value)
    },
  }
}

/** An integer type that may be larger: bigints come out; whole numbers go in too. */
function largeInteger(name: string, min: bigint | undefined, max: bigint | undefined): SimpleType {
  const isValue = (value: bigint): boolean => {
    return (min === undefined || value >= min) && (max === undefined || value <= max)
  }
  return {
    name,
    sample: isValue(1n) ? 1n : -1n,
    whiteSpace: 'collapse',
    compare: compareValues,
    parse(text) {
      if (text.length > MAX_DIGITS || !INTEGER.test(text)) return undefined
      // BigInt takes no plus sign.
      const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
      return isValue(value) ? value : undefined
    },
    encode(value) {
      const whole = typeof value === 'bigint' || Number.isSafeInteger(value)
      if (!whole || !isValue(BigInt(value as bigint | number))) {
        throw new TypeError(`the value is not an xs:${name}`)
      }
      return String(value)
    },
  }
}

/** The digits of a decimal without sign and superfluous zeros. */
function digitsOf(text: string): { readonly whole: string; readonly fraction: string } {
  const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.')
  return { whole: whole.replace(/^0+/, ''), fraction: fraction.replace(/0+$/, '') }
}

function compareDecimals(a: SimpleValue, b: SimpleValue): number {
  const [first, second] = [String(a), String(b)].map(digitsOf)
  const scale = Math.max(first?.fraction.length ?? 0, second?.fraction.length ?? 0)
  const [left, right] = [String(a), String(b)].map((text) => {
    const { whole, fraction } = digitsOf(text)
    const magnitude = BigInt(whole + fraction.padEnd(scale, '0'))
    return text.startsWith('-') ? -magnitude : magnitude
  })
  return compareValues(left ?? 0n, right ?? 0n)
}

const DECIMAL_TYPE: SimpleType = {
  name: 'decimal',
  sample: '1.5',
  whiteSpace: 'collapse',
  compare: compareDecimals,
  parse: (text) => (text.length <= MAX_DIGITS && DECIMAL.test(text) ? text : undefined),
  encode(value) {
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
    if (text.length > MAX_DIGITS || !DECIMAL.test(text)) throw new TypeError('the value is not an xs:decimal')
    return text
  },
}

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['INF', Number.POSITIVE_INFINITY],
  ['-INF', Number.NEGATIVE_INFINITY],
  ['NaN', Number.NaN],
])
const SPECIAL_NAMES: ReadonlyMap<number, string> = new Map(
  [...SPECIAL].map(([name, value]) => [value, name] as const),
)

function floatType(name: string, round: (value: number) => number): SimpleType {
  return {
    name,
    sample: 1.5,
    whiteSpace: 'collapse',
    compare: compareValues,
    parse: (text) => (DOUBLE.test(text) ? round(SPECIAL.get(text) ?? Number(text)) : undefined),
    encode(value) {
      if (typeof value !== 'number') throw new TypeError(`the value is not an xs:${name}`)
      return SPECIAL_NAMES.get(value) ?? (Object.is(value, -0) ? '-0' : String(round(value)))
    },
  }
}

/** How many digits a decimal or integer has, for the facets totalDigits and fractionDigits. */
export function countDigits(value: SimpleValue): { readonly total: number; readonly fraction: number } {
  const { whole, fraction } = digitsOf(String(value))
  return { total: whole.length + fraction.length, fraction: fraction.length }
}

/** The numbers of XML Schema. */
export const NUMBER_TYPES: readonly SimpleType[] = [
  smallInteger('byte', -(2 ** 7), 2 ** 7 - 1),
  smallInteger('short', -(2 ** 15), 2 ** 15 - 1),
  smallInteger('int', -(2 ** 31), 2 ** 31 - 1),
  smallInteger('unsignedByte', 0, 2 ** 8 - 1),
  smallInteger('unsignedShort', 0, 2 ** 16 - 1),
  smallInteger('unsignedInt', 0, 2 ** 32 - 1),
  largeInteger('long', -(2n ** 63n), 2n ** 63n - 1n),
  largeInteger('unsignedLong', 0n, 2n ** 64n - 1n),
  largeInteger('integer', undefined, undefined),
  largeInteger('nonNegativeInteger', 0n, undefined),
  largeInteger('positiveInteger', 1n, undefined),
  largeInteger('nonPositiveInteger', undefined, 0n),
  largeInteger('negativeInteger', undefined, -1n),
  DECIMAL_TYPE,
  floatType('float', Math.fround),
  floatType('double', (value) => value),
]
