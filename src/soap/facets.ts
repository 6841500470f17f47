import { ContractError } from './contract-error.ts'
import { countDigits } from './number-types.ts'
import { decodeSimple, NORMALISE, type SimpleType, type SimpleValue, type WhiteSpace } from './simple-type.ts'
import { attributeOf, type XmlElement } from './xml-tree.ts'
import { compilePattern } from './xsd-pattern.ts'

/** Is a value, or its text, as a facet wants it. */
type Check = (value: SimpleValue, text: string) => boolean

/** Makes the check of one facet; `values` are those of all its elements in one restriction. Throws a `ContractError`. */
type Facet = (base: SimpleType, values: readonly string[]) => Check

function single(values: readonly string[]): string {
  const [value, another] = values
  if (value === undefined || another !== undefined) throw new ContractError('a facet must stand once')
  return value
}

function count(values: readonly string[]): number {
  const value = single(values)
  if (!/^[0-9]{1,9}$/.test(value)) throw new ContractError(`${value} is not a number of a facet`)
  return Number(value)
}

function parsed(base: SimpleType, text: string): SimpleValue {
  const value = decodeSimple(base, text)
  if (value === undefined) throw new ContractError(`${text} is not an xs:${base.name}`)
  return value
}

function lengthFacet(fits: (length: number, limit: number) => boolean): Facet {
  return ({ length, name }, values) => {
    if (length === undefined) throw new ContractError(`${name} has no length`)
    const limit = count(values)
    return (value) => fits(length(value), limit)
  }
}

function orderFacet(fits: (order: number) => boolean): Facet {
  return (base, values) => {
    const { compare, length, name } = base
    if (compare === undefined || length !== undefined) {
      throw new ContractError(`a facet of order for ${name} is not supported`)
    }
    const limit = parsed(base, single(values))
    return (value) => fits(compare(value, limit))
  }
}

function digitsFacet(which: 'total' | 'fraction'): Facet {
  return ({ sample, name }, values) => {
    if (typeof sample === 'boolean') throw new ContractError(`${name} has no digits`)
    const limit = count(values)
    return (value) => countDigits(value)[which] <= limit
  }
}

function enumeration(base: SimpleType, values: readonly string[]): Check {
  const allowed = values.map((value) => parsed(base, value))
  const { compare } = base
  if (compare !== undefined) return (value) => allowed.some((one) => compare(one, value) === 0)
  const set = new Set(allowed)
  return (value) => set.has(value)
}

/** A text must match one of the patterns of a restriction (XML Schema part 2, 4.3.4.3). */
function pattern(_: SimpleType, values: readonly string[]): Check {
  const patterns = values.map(compilePattern)
  return (_value, text) => patterns.some((one) => one.test(text))
}

const FACETS: ReadonlyMap<string, Facet> = new Map<string, Facet>([
  ['enumeration', enumeration],
  ['pattern', pattern],
  ['length', lengthFacet((length, limit) => length === limit)],
  ['minLength', lengthFacet((length, limit) => length >= limit)],
  ['maxLength', lengthFacet((length, limit) => length <= limit)],
  ['minInclusive', orderFacet((order) => order >= 0)],
  ['maxInclusive', orderFacet((order) => order <= 0)],
  ['minExclusive', orderFacet((order) => order > 0)],
  ['maxExclusive', orderFacet((order) => order < 0)],
  ['totalDigits', digitsFacet('total')],
  ['fractionDigits', digitsFacet('fraction')],
])

const STRICTNESS: readonly WhiteSpace[] = ['preserve', 'replace', 'collapse']

function stricter(base: WhiteSpace, given: string | undefined): WhiteSpace {
  const found = STRICTNESS.find((one) => one === given)
  if (given === undefined) return base
  if (found === undefined || STRICTNESS.indexOf(found) < STRICTNESS.indexOf(base)) {
    throw new ContractError(`whiteSpace="${given}" is not stricter than ${base}`)
  }
  return found
}

/** Texts of which one fits most restrictions. */
const EXAMPLES = ['name', 'x', 'xxxxxxxx', '0', '1', '5', '10', '100']

/** A value to show: the contract's example, the first of an enumeration, or what else fits. */
function sampleOf(
  type: Pick<SimpleType, 'parse' | 'whiteSpace' | 'name'>,
  base: SimpleType,
  given: string | undefined,
): SimpleValue {
  const texts = given === undefined ? [base.encode(base.sample), ...EXAMPLES] : [given]
  for (const text of texts) {
    const value = decodeSimple(type, text)
    if (value !== undefined) return value
  }
  throw new ContractError(`the type ${type.name} needs an example that fits, in <annotation><appinfo>`)
}

/**
 * A simple type with these facets on it (XML Schema part 2, 4.1.2). `name` is for faults, `example` a text to show.
 * Throws a `ContractError`.
 */
export function restrictType(
  base: SimpleType,
  facets: readonly XmlElement[],
  name: string,
  example: string | undefined,
): SimpleType {
  const values = new Map<string, string[]>()
  for (const facet of facets) {
    const value = attributeOf(facet, 'value')
    const known = values.get(facet.local)
    if (known === undefined) values.set(facet.local, [value])
    else known.push(value)
  }
  const given = values.get('whiteSpace')
  const whiteSpace = stricter(base.whiteSpace, given === undefined ? undefined : single(given))
  values.delete('whiteSpace')
  const checks = [...values].map(([local, texts]) => {
    const facet = FACETS.get(local)
    if (facet === undefined) throw new ContractError(`the facet ${local} is not supported`)
    return facet(base, texts)
  })
  const fits: Check = (value, text) => checks.every((check) => check(value, text))
  const parse = (text: string): SimpleValue | undefined => {
    const value = base.parse(text)
    return value !== undefined && fits(value, text) ? value : undefined
  }
  const choices = values.get('enumeration') ?? base.choices
  return {
    ...base,
    name,
    builtIn: base.builtIn ?? base.name,
    ...(choices === undefined ? {} : { choices }),
    whiteSpace,
    sample: sampleOf({ parse, whiteSpace, name }, base, example ?? values.get('enumeration')?.[0]),
    parse,
    encode(value) {
      const text = base.encode(value)
      if (parse(NORMALISE[whiteSpace](text)) === undefined) {
        throw new TypeError(`the value is not allowed by ${name}`)
      }
      return text
    },
  }
}
