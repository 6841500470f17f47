import { nextMarkup } from './envelope.ts'
import { escapeXml } from './escape.ts'
import { quoteName, SoapFault } from './fault.ts'
import { type QName, TOKEN, type XmlAttribute, type XmlReader } from './scanner.ts'
import { parseBoolean, type SimpleType, type SimpleValue } from './simple-types.ts'
import { SOAP_11, SOAP_12 } from './soap-version.ts'

/** A decoded element: its text's value, `null` where it was nil, or its children by name. */
export type SoapValue = SimpleValue | null | SoapRecord | readonly SoapValue[]

/** Children by their names in the contract; one that may repeat is an array, one that was absent is undefined. */
export interface SoapRecord {
  readonly [name: string]: SoapValue | undefined
}

/** What stands between an element's tags. */
export interface ContentCodec {
  /** Name of the type, for xsi:type; undefined: it has none. */
  readonly type: QName | undefined
  /** Reads from after the start tag to the end tag, inclusive. */
  decode(reader: XmlReader, element: QName): SoapValue
  /** Writes the content. */
  encode(value: unknown, element: QName): string
  /** Has it elements in it. */
  readonly nested: boolean
  /** A value to show what the content looks like. */
  sample(): SoapValue
}

/** An element of a contract: decoding it validates it. */
export interface ElementCodec {
  readonly name: QName
  readonly nillable: boolean
  readonly content: ContentCodec
  /** The start tag's inside where the parent's default namespace holds. */
  readonly tag: string
  /** The start tag's inside anywhere else. */
  readonly tagWithNamespace: string
}

/** An element's place in a sequence. */
export interface Particle {
  readonly element: ElementCodec
  readonly min: number
  readonly max: number
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'
const NO_ENCODING = `${SOAP_12.namespace}/encoding/none`
const NIL = ` xmlns:xsi="${XSI}" xsi:nil="true"/>`

/** Decodes the element whose start tag the reader stands on, to its end tag. */
export function decodeElement(reader: XmlReader, codec: ElementCodec): SoapValue {
  if (reader.attributes.length > 0 && readAttributes(reader, codec)) {
    if (reader.next() !== TOKEN.end) throw invalid(codec.name, 'is nil, so it must be empty')
    return null
  }
  return codec.content.decode(reader, codec.name)
}

/**
 * Writes an element into one of `parentNamespace` (undefined: it is the outermost).
 * Throws a `TypeError` or `RangeError` for a value that the contract does not allow.
 */
export function encodeElement(codec: ElementCodec, value: unknown, parentNamespace?: string): string {
  const tag = codec.name.namespace === parentNamespace ? codec.tag : codec.tagWithNamespace
  if (value === null) {
    if (!codec.nillable) throw new TypeError(`${codec.name.local} must not be null`)
    return `<${tag}${NIL}`
  }
  return `<${tag}>${codec.content.encode(value, codec.name)}</${codec.name.local}>`
}

function invalid(element: QName, rule: string, child?: string): SoapFault {
  const location = child === undefined ? element.local : `${element.local}/${quoteName(child)}`
  return new SoapFault('Sender', `<${element.local}> ${rule}`, { location })
}

/** Checks the attributes of an element in the body; true: it is nil. */
function readAttributes(reader: XmlReader, codec: ElementCodec): boolean {
  let nil = false
  for (const attribute of reader.attributes) {
    const check = CHECKS.get(attribute.namespace)?.get(attribute.local)
    if (check === undefined)
      throw invalid(codec.name, `must not have the attribute ${quoteName(attribute.local)}`)
    nil = check(attribute, codec, reader) || nil
  }
  return nil
}

type Check = (attribute: XmlAttribute, codec: ElementCodec, reader: XmlReader) => boolean

function checkNil({ value }: XmlAttribute, codec: ElementCodec): boolean {
  if (!codec.nillable) throw invalid(codec.name, 'cannot be nil')
  const nil = parseBoolean(value)
  if (nil === undefined) throw invalid(codec.name, 'has an xsi:nil that is not a boolean')
  return nil
}

/** No type here has derived ones, so xsi:type may only say what is known. */
function checkType({ value }: XmlAttribute, codec: ElementCodec, reader: XmlReader): boolean {
  const type = reader.qname(value.trim())
  const expected = codec.content.type
  if (type?.local !== expected?.local || type?.namespace !== expected?.namespace) {
    throw invalid(codec.name, 'has an xsi:type that is not its type')
  }
  return false
}

/** SOAP 1.2 part 1, 5.1.1. */
function checkEncodingStyle({ value }: XmlAttribute): boolean {
  if (value !== NO_ENCODING) throw new SoapFault('DataEncodingUnknown', 'the encodingStyle is not known')
  return false
}

const ignore: Check = () => false

/** The attributes that may stand on any element, by namespace and name. */
const CHECKS: ReadonlyMap<string, ReadonlyMap<string, Check>> = new Map([
  [
    XSI,
    new Map<string, Check>([
      ['nil', checkNil],
      ['type', checkType],
      ['schemaLocation', ignore],
      ['noNamespaceSchemaLocation', ignore],
    ]),
  ],
  [SOAP_12.namespace, new Map<string, Check>([['encodingStyle', checkEncodingStyle]])],
  // COMPAT: older toolkits (SOAP::Lite) claim the section 5 encoding on literal strings, which then look the same.
  [SOAP_11.namespace, new Map<string, Check>([['encodingStyle', ignore]])],
])

/** The content of an element of simple type. */
export function createSimpleContent(type: SimpleType, name: QName): ContentCodec {
  return {
    type: name,
    decode(reader, element) {
      let text = ''
      let token = reader.next()
      if (token === TOKEN.text) {
        text = reader.text
        token = reader.next()
      }
      if (token !== TOKEN.end) throw invalid(element, 'must contain text only', reader.local)
      const value = type.decode(text)
      if (value === undefined) throw invalid(element, `must contain an xs:${type.name}`)
      return value
    },
    encode: (value) => escapeXml(type.encode(value)),
    nested: false,
    sample: () => type.sample,
  }
}

/** The content of an element of complex type: a sequence. `particles` may still be empty here, for types may contain themselves. */
export function createSequenceContent(type: QName | undefined, particles: readonly Particle[]): ContentCodec {
  return {
    type,
    decode: (reader, element) => decodeSequence(reader, element, particles),
    encode: (value, element) => encodeSequence(value, element, particles),
    nested: true,
    sample: () => sampleSequence(particles),
  }
}

function decodeSequence(reader: XmlReader, parent: QName, particles: readonly Particle[]): SoapRecord {
  const decoded: Record<string, SoapValue> = {}
  let at = 0
  let seen = 0
  for (;;) {
    const ended = nextMarkup(reader, parent.local) === TOKEN.end
    let particle = particles[at]
    // On to the particle of this element; those passed over must have had enough.
    while (particle !== undefined && (ended || !isElement(reader, particle.element.name))) {
      if (seen < particle.min) throw lacking(reader, parent, particles, particle, ended)
      at++
      seen = 0
      particle = particles[at]
    }
    if (ended) return decoded
    if (particle === undefined) throw unexpected(reader, parent, particles)
    seen++
    const { local } = particle.element.name
    if (seen > particle.max)
      throw invalid(parent, `has <${local}> more often than ${particle.max} times`, local)
    const value = decodeElement(reader, particle.element)
    if (particle.max === 1) decoded[local] = value
    else decoded[local] = [...((decoded[local] as readonly SoapValue[] | undefined) ?? []), value]
  }
}

function lacking(
  reader: XmlReader,
  parent: QName,
  particles: readonly Particle[],
  { element }: Particle,
  ended: boolean,
): SoapFault {
  const { local } = element.name
  const known = ended || particles.some((particle) => isElement(reader, particle.element.name))
  return known ? invalid(parent, `lacks <${local}>`, local) : unexpected(reader, parent, particles)
}

function isElement(reader: XmlReader, name: QName): boolean {
  return reader.local === name.local && reader.namespace === name.namespace
}

function unexpected(reader: XmlReader, parent: QName, particles: readonly Particle[]): SoapFault {
  const name = quoteName(reader.local)
  const known = particles.some(({ element }) => isElement(reader, element.name))
  const expected = particles
    .map(({ element }) => `{${element.name.namespace}}${element.name.local}`)
    .join(', ')
  const rule = known
    ? `has <${name}> too often or in the wrong place; the order is: ${expected}`
    : `must not contain <${name}> of the namespace "${quoteName(reader.namespace)}"; it contains: ${expected}`
  return invalid(parent, rule, reader.local)
}

function encodeSequence(value: unknown, parent: QName, particles: readonly Particle[]): string {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${parent.local} must be an object`)
  const fields = value as SoapRecord
  let xml = ''
  for (const { element, min, max } of particles) {
    const field = fields[element.name.local]
    if (max === 1) {
      if (field !== undefined) xml += encodeElement(element, field, parent.namespace)
      else if (min > 0) throw new TypeError(`${parent.local} lacks ${element.name.local}`)
      continue
    }
    const items = (field ?? []) as readonly SoapValue[]
    if (items.length < min || items.length > max) {
      throw new TypeError(`${parent.local} has ${items.length} of ${element.name.local}`)
    }
    for (const item of items) xml += encodeElement(element, item, parent.namespace)
  }
  return xml
}

/** One of each child that is simple or required; a type that contains itself ends there. */
function sampleSequence(particles: readonly Particle[]): SoapRecord {
  const sample: Record<string, SoapValue> = {}
  for (const { element, min, max } of particles) {
    if (min === 0 && element.content.nested) continue
    const value = element.content.sample()
    sample[element.name.local] = max === 1 ? value : [value]
  }
  return sample
}
