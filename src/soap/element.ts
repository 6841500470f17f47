import { type AttributeCodec, NIL, readAttributes, type TagRules, writeAttributes } from './attributes.ts'
import type { ElementCodec, OpenRecord, SoapRecord, SoapValue } from './codec.ts'
import { nextMarkup } from './envelope.ts'
import { escapeAttribute, escapeText } from './escape.ts'
import { quoteName } from './fault.ts'
import { invalid } from './invalid.ts'
import type { ElementOutline, PartOutline, SimpleOutline } from './outline.ts'
import { type QName, TOKEN, type XmlReader } from './scanner.ts'
import { readText } from './simple-content.ts'
import type { SimpleType } from './simple-type.ts'
import { elementsOf, isElementTerm, type Term } from './term.ts'

/** What an element is, without its name. */
export interface ElementType {
  /** Undefined: it has none. */
  readonly name: QName | undefined
  /** What the contract says of it, for people. */
  readonly documentation: string
  /** The text inside. */
  readonly simple: SimpleType | undefined
  readonly attributes: readonly AttributeCodec[]
  readonly anyAttribute: boolean
  /** The elements inside. Undefined: there are none. */
  readonly model: Term | undefined
}

function unexpected(reader: XmlReader, element: QName, model: Term): Error {
  const name = quoteName(reader.local)
  const elements = elementsOf(model)
  const known = elements.some((term) => term.starts(reader))
  const expected = elements.map(({ codec }) => `{${codec.name.namespace}}${codec.name.local}`).join(', ')
  const rule = known
    ? `has <${name}> too often or in the wrong place; the order is: ${expected}`
    : `must not contain <${name}> of the namespace "${quoteName(reader.namespace)}"; it contains: ${expected}`
  return invalid(element, rule, reader.local)
}

function readModel(reader: XmlReader, model: Term, element: QName, record: OpenRecord): SoapRecord {
  const token = model.read(reader, nextMarkup(reader, element.local), element, record)
  if (token !== TOKEN.end) throw unexpected(reader, element, model)
  return record
}

type Content = Pick<ElementCodec, 'sample' | 'has' | 'nested' | 'inside'> & {
  /** Reads to the end tag; the record has the attributes, where there may be any. */
  decode(reader: XmlReader, record: OpenRecord | undefined): SoapValue
  /** The rest of the start tag, and what is between the tags. */
  encode(value: unknown): string
}

function asRecord(value: unknown, element: QName): SoapRecord {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${element.local} must be an object`)
  return value as SoapRecord
}

function simpleContent(type: SimpleType, element: QName): Content {
  return {
    decode: (reader) => readText(reader, type, element),
    encode: (value) => `>${escapeText(type.encode(value))}`,
    sample: () => type.sample,
    has: () => false,
    nested: false,
    inside: () => [],
  }
}

function showAttributes(attributes: readonly AttributeCodec[]): OpenRecord {
  const shown = attributes.filter(({ required }) => required)
  return Object.fromEntries(shown.map(({ name, type }) => [name.local, type.sample]))
}

function simpleContentWithAttributes({ simple, attributes }: ElementType, element: QName): Content {
  const type = simple as SimpleType
  return {
    decode(reader, record = {}) {
      record.value = readText(reader, type, element)
      return record
    },
    encode(value) {
      const record = asRecord(value, element)
      return `${writeAttributes(attributes, record)}>${escapeText(type.encode(record.value))}`
    },
    sample: () => ({ ...showAttributes(attributes), value: type.sample }),
    has: (local) => local === 'value' || attributes.some(({ name }) => name.local === local),
    nested: false,
    inside: () => [],
  }
}

function complexContent(type: ElementType, element: QName): Content {
  return {
    decode(reader, record = {}) {
      const { model } = type
      if (model !== undefined) return readModel(reader, model, element, record)
      if (reader.next() !== TOKEN.end) throw invalid(element, 'must be empty')
      return record
    },
    encode(value) {
      const record = asRecord(value, element)
      const attributes = type.attributes.length === 0 ? '' : writeAttributes(type.attributes, record)
      return `${attributes}>${type.model === undefined ? '' : type.model.write(record, element)}`
    },
    sample() {
      const record = showAttributes(type.attributes)
      type.model?.show(record)
      return record
    },
    has(local) {
      const { attributes, model } = type
      return (
        attributes.some(({ name }) => name.local === local) ||
        (model !== undefined && elementsOf(model).some(({ codec }) => codec.name.local === local))
      )
    },
    nested: true,
    inside: () => (type.model === undefined ? [] : elementsOf(type.model).map(({ codec }) => codec)),
  }
}

function outlineSimple(type: SimpleType): SimpleOutline {
  const { name, builtIn = name, choices } = type
  return { type: name, builtIn, sample: type.encode(type.sample), choices }
}

function outlinePart(term: Term): PartOutline {
  const { kind, min, max, inside } = term
  const element = isElementTerm(term) ? term.codec.outline() : undefined
  return { kind, min, max, inside: inside.map(outlinePart), element }
}

/** An element of this name and type. A type may contain itself: its model may still be missing here, nothing else. */
export function createElementCodec(
  name: QName,
  type: ElementType,
  nillable: boolean,
  documentation = '',
): ElementCodec {
  const { simple } = type
  const attributed = type.attributes.length > 0
  const content =
    simple === undefined
      ? complexContent(type, name)
      : attributed
        ? simpleContentWithAttributes(type, name)
        : simpleContent(simple, name)
  const { local } = name
  const tag = `<${local}`
  const tagWithNamespace = `<${local} xmlns="${escapeAttribute(name.namespace)}"`
  const close = `</${local}>`
  const rules = (): TagRules => ({
    element: name,
    nillable,
    type: type.name,
    attributes: type.attributes,
    anyAttribute: type.anyAttribute,
  })
  let known: TagRules | undefined

  return {
    name,
    nested: content.nested,
    sample: content.sample,
    has: content.has,
    outline: (): ElementOutline => ({
      name,
      type: type.name?.local,
      documentation,
      nillable,
      attributes: type.attributes.map(({ name, required, fixed, type: text }) => {
        return { name, required, fixed, simple: outlineSimple(text) }
      }),
      simple: simple && outlineSimple(simple),
      stream: false,
      content: () => type.model && outlinePart(type.model),
    }),
    inside: content.inside,
    stream: false,
    decode(reader) {
      if (!attributed && reader.attributes.length === 0) return content.decode(reader, undefined)
      known ??= rules()
      const record: OpenRecord = {}
      if (readAttributes(reader, known, record)) {
        if (reader.next() !== TOKEN.end) throw invalid(name, 'is nil, so it must be empty')
        return null
      }
      return content.decode(reader, record)
    },
    encode(value, parentNamespace) {
      const start = name.namespace === parentNamespace ? tag : tagWithNamespace
      if (value === null) {
        if (!nillable) throw new TypeError(`${local} must not be null`)
        return `${start}${NIL}/>`
      }
      return `${start}${content.encode(value)}${close}`
    },
  }
}
