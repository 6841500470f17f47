import type { OpenRecord, SoapRecord } from './codec.ts'
import { invalid } from './invalid.ts'
import { type QName, TOKEN, type Token, type XmlReader } from './scanner.ts'
import { elementsOf, type Term } from './term.ts'

type Compositor = 'sequence' | 'choice'

/** One occurrence of a group. */
interface Once {
  readonly nullable: boolean
  readonly first: Term['first']
  readonly read: Term['read']
  readonly write: Term['write']
  readonly show: Term['show']
}

function sequenceOnce(inside: readonly Term[]): Once {
  const required = inside.findIndex(({ nullable }) => !nullable)
  return {
    nullable: required === -1,
    first: inside.slice(0, required === -1 ? inside.length : required + 1).flatMap(({ first }) => first),
    read(reader, token, parent, record) {
      let next = token
      for (const term of inside) next = term.read(reader, next, parent, record)
      return next
    },
    write(record, parent) {
      let xml = ''
      for (const term of inside) xml += term.write(record, parent)
      return xml
    },
    show(record) {
      for (const term of inside) term.show(record)
    },
  }
}

function choiceOnce(inside: readonly Term[]): Once {
  const nullable = inside.length === 0 || inside.some((term) => term.nullable)
  const names = inside.flatMap(elementsOf).map(({ codec }) => codec.name.local)
  return {
    nullable,
    first: inside.flatMap(({ first }) => first),
    read(reader, token, parent, record) {
      const chosen = token === TOKEN.start ? inside.find((term) => term.starts(reader)) : undefined
      if (chosen !== undefined) return chosen.read(reader, token, parent, record)
      if (nullable) return token
      const child = token === TOKEN.start ? reader.local : undefined
      throw invalid(parent, `must contain one of: ${names.join(', ')}`, child)
    },
    write(record, parent) {
      const chosen = inside.filter((term) => term.isIn(record))
      const [only, another] = chosen
      if (another !== undefined)
        throw new TypeError(`${parent.local} has more than one of: ${names.join(', ')}`)
      if (only !== undefined) return only.write(record, parent)
      if (!nullable) throw new TypeError(`${parent.local} has none of: ${names.join(', ')}`)
      return ''
    },
    show: (record) => inside[0]?.show(record),
  }
}

const ONCE = { sequence: sequenceOnce, choice: choiceOnce } as const

/** A sequence or choice that stands `min` to `max` times. One that may repeat is an array of records under its own name. */
export function createGroup(kind: Compositor, inside: readonly Term[], min: number, max: number): Term {
  const once = ONCE[kind](inside)
  const shape = {
    kind,
    first: once.first,
    nullable: min === 0 || once.nullable,
    min,
    max,
    inside,
    // For a start tag only: what it begins with, not whether it may be absent.
    starts: (reader: XmlReader): boolean => startsGroup(kind, inside, reader),
  }
  if (max === 1) return { ...shape, ...singleGroup(once, min, shape.starts, inside) }
  return { ...shape, ...repeatedGroup(kind, once, min, max, shape.starts) }
}

function startsGroup(kind: Compositor, inside: readonly Term[], reader: XmlReader): boolean {
  for (const term of inside) {
    if (term.starts(reader)) return true
    if (kind === 'sequence' && !term.nullable) return false
  }
  return false
}

type Occurring = Pick<Term, 'read' | 'write' | 'isIn' | 'show'>

function singleGroup(once: Once, min: number, starts: Term['starts'], inside: readonly Term[]): Occurring {
  const isIn = (record: SoapRecord): boolean => inside.some((term) => term.isIn(record))
  return {
    isIn,
    show: once.show,
    read:
      min === 1
        ? once.read
        : (reader, token, parent, record) =>
            token === TOKEN.start && starts(reader) ? once.read(reader, token, parent, record) : token,
    write: min === 1 ? once.write : (record, parent) => (isIn(record) ? once.write(record, parent) : ''),
  }
}

function repeatedGroup(
  kind: Compositor,
  once: Once,
  min: number,
  max: number,
  starts: Term['starts'],
): Occurring {
  return {
    isIn: (record) => record[kind] !== undefined,
    show(record) {
      const shown: OpenRecord = {}
      once.show(shown)
      record[kind] = [shown]
    },
    read(reader: XmlReader, token: Token, parent: QName, record: OpenRecord): Token {
      const records: OpenRecord[] = []
      let next = token
      while (next === TOKEN.start && records.length < max && starts(reader)) {
        const one: OpenRecord = {}
        next = once.read(reader, next, parent, one)
        records.push(one)
      }
      // What is missing may be nothing; where it is not, reading it says what it is.
      if (records.length < min && !once.nullable) next = once.read(reader, next, parent, {})
      if (records.length > 0) record[kind] = records
      return next
    },
    write(record, parent) {
      const records = record[kind] ?? []
      if (!Array.isArray(records)) throw new TypeError(`${kind} of ${parent.local} must be an array`)
      if (records.length > max || (records.length < min && !once.nullable)) {
        throw new TypeError(`${parent.local} has ${records.length} times its ${kind}`)
      }
      return records.map((one) => once.write(one as SoapRecord, parent)).join('')
    },
  }
}
