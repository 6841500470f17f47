import type { ElementCodec, OpenRecord, SoapRecord, SoapValue } from './codec.ts'
import { nextMarkup, skipElement } from './envelope.ts'
import { quoteName, type SoapFault } from './fault.ts'
import { invalid } from './invalid.ts'
import { type QName, TOKEN, type Token, type XmlReader } from './scanner.ts'

/**
 * A part of a content model, compiled: it reads what is its own and writes it. Which part an element belongs to is
 * known from its name alone (`checkDeterminism` in determinism.ts), so nothing is ever tried and taken back.
 */
export interface Term {
  /** The elements that it may start with. */
  readonly first: readonly ElementTerm[]
  /** May it be absent altogether. */
  readonly nullable: boolean
  readonly min: number
  readonly max: number
  /** The terms inside, of a group. */
  readonly inside: readonly Term[]
  readonly kind: 'element' | 'sequence' | 'choice' | 'any'
  /** Does it take the start tag that the reader stands on. */
  starts(reader: XmlReader): boolean
  /** Reads what is its own, from this token on, and gives the token after. Throws a `SoapFault` where it lacks something. */
  read(reader: XmlReader, token: Token, parent: QName, record: OpenRecord): Token
  /** Writes what is its own. Throws a `TypeError` for what the contract does not allow. */
  write(record: SoapRecord, parent: QName): string
  /** Is anything of its own in the record. */
  isIn(record: SoapRecord): boolean
  /** Puts something to show into the record. */
  show(record: OpenRecord): void
}

/** An element of a content model. */
export interface ElementTerm extends Term {
  readonly kind: 'element'
  readonly codec: ElementCodec
}

/** The elements of a term, in the order of the contract. */
export function elementsOf(term: Term): readonly ElementTerm[] {
  return isElementTerm(term) ? [term] : term.inside.flatMap(elementsOf)
}

/** Is a term an element. */
export function isElementTerm(term: Term): term is ElementTerm {
  return term.kind === 'element'
}

/** An element that stands `min` to `max` times; where it may repeat, its value is an array. */
export function createElementTerm(codec: ElementCodec, min: number, max: number): ElementTerm {
  const { namespace, local } = codec.name
  const starts = (reader: XmlReader): boolean => reader.local === local && reader.namespace === namespace
  const first: ElementTerm[] = []
  const once = max === 1
  const term: ElementTerm = {
    kind: 'element',
    codec,
    first,
    nullable: min === 0,
    min,
    max,
    inside: [],
    starts,
    read: once
      ? (reader, token, parent, record) => {
          if (token === TOKEN.start && reader.local === local && reader.namespace === namespace) {
            record[local] = codec.decode(reader)
            return nextMarkup(reader, parent.local)
          }
          if (min > 0) throw lacking(reader, token, parent, local)
          return token
        }
      : (reader, token, parent, record) => {
          let next = token
          const values: SoapValue[] = []
          while (next === TOKEN.start && values.length < max && starts(reader)) {
            values.push(codec.decode(reader))
            next = nextMarkup(reader, parent.local)
          }
          if (values.length < min) throw lacking(reader, next, parent, local)
          if (values.length > 0) record[local] = values
          return next
        },
    write: once
      ? (record, parent) => {
          const value = record[local]
          if (value !== undefined) return codec.encode(value, parent.namespace)
          if (min > 0) throw new TypeError(`${parent.local} lacks ${local}`)
          return ''
        }
      : (record, parent) => {
          const values = record[local] ?? []
          if (!Array.isArray(values)) throw new TypeError(`${local} of ${parent.local} must be an array`)
          if (values.length < min || values.length > max) {
            throw new TypeError(`${parent.local} has ${values.length} of ${local}`)
          }
          return values.map((value) => codec.encode(value, parent.namespace)).join('')
        },
    isIn: (record) => record[local] !== undefined,
    show(record) {
      // A type that contains itself ends here.
      if (min === 0 && codec.nested) return
      const value = codec.sample()
      record[local] = once ? value : [value]
    },
  }
  first.push(term)
  return term
}

function lacking(reader: XmlReader, token: Token, parent: QName, local: string): SoapFault {
  if (token !== TOKEN.start) return invalid(parent, `lacks <${local}>`, local)
  const found = `<${quoteName(reader.local)}> of the namespace "${quoteName(reader.namespace)}"`
  return invalid(parent, `lacks <${local}>, and has ${found} in its place`, reader.local)
}

/** Elements that the contract does not name (xs:any): skipped. `isNamed` tells those that it does, which are never taken. */
export function createAnyTerm(
  takes: (namespace: string) => boolean,
  isNamed: (name: QName) => boolean,
  min: number,
  max: number,
): Term {
  const starts = (reader: XmlReader): boolean => takes(reader.namespace) && !isNamed(reader)
  return {
    kind: 'any',
    first: [],
    nullable: min === 0,
    min,
    max,
    inside: [],
    starts,
    read(reader, token, parent) {
      let next = token
      let count = 0
      for (; next === TOKEN.start && count < max && starts(reader); count++) {
        skipElement(reader)
        next = nextMarkup(reader, parent.local)
      }
      if (count < min) throw invalid(parent, 'lacks an element')
      return next
    },
    write: () => '',
    isIn: () => false,
    show: () => undefined,
  }
}
