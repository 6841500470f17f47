import type { OpenRecord, SoapRecord } from './codec.ts'
import { escapeAttribute } from './escape.ts'
import { quoteName, SoapFault } from './fault.ts'
import { invalid } from './invalid.ts'
import type { QName, XmlAttribute, XmlReader } from './scanner.ts'
import { decodeSimple, type SimpleType, type SimpleValue } from './simple-type.ts'
import { parseBoolean } from './simple-types.ts'
import { SOAP_11, SOAP_12 } from './soap-version.ts'

/** An attribute that a contract declares. */
export interface AttributeCodec {
  readonly name: QName
  readonly type: SimpleType
  readonly required: boolean
  /** The value that it must have, in its lexical form. */
  readonly fixed: string | undefined
  /** The value that it has when it is absent, in its lexical form. */
  readonly default: string | undefined
}

/** What may stand in a start tag. */
export interface TagRules {
  readonly element: QName
  readonly nillable: boolean
  /** Name of the type, for xsi:type; undefined: it has none. */
  readonly type: QName | undefined
  readonly attributes: readonly AttributeCodec[]
  /** Others are ignored (xs:anyAttribute). */
  readonly anyAttribute: boolean
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'
const NO_ENCODING = `${SOAP_12.namespace}/encoding/none`

type Check = (attribute: XmlAttribute, rules: TagRules, reader: XmlReader) => boolean

function checkNil({ value }: XmlAttribute, { element, nillable }: TagRules): boolean {
  if (!nillable) throw invalid(element, 'cannot be nil')
  const nil = parseBoolean(value)
  if (nil === undefined) throw invalid(element, 'has an xsi:nil that is not a boolean')
  return nil
}

/** No type here has derived ones, so xsi:type may only say what is known. */
function checkType(
  { value }: XmlAttribute,
  { element, type: expected }: TagRules,
  reader: XmlReader,
): boolean {
  const type = reader.qname(value.trim())
  if (type?.local !== expected?.local || type?.namespace !== expected?.namespace) {
    throw invalid(element, 'has an xsi:type that is not its type')
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
  [
    SOAP_12.namespace,
    new Map<string, Check>([
      ['encodingStyle', checkEncodingStyle],
      // On a header block they were looked at; elsewhere they must be ignored (SOAP 1.2 part 1, 5.2.2 to 5.2.4).
      ['mustUnderstand', ignore],
      ['role', ignore],
      ['relay', ignore],
    ]),
  ],
  [
    SOAP_11.namespace,
    new Map<string, Check>([
      // COMPAT: older toolkits (SOAP::Lite) claim the section 5 encoding on literal strings, which then look the same.
      ['encodingStyle', ignore],
      ['mustUnderstand', ignore],
      ['actor', ignore],
    ]),
  ],
])

function decodeAttribute({ name, type, fixed }: AttributeCodec, element: QName, text: string): SimpleValue {
  const value = decodeSimple(type, text)
  if (value === undefined)
    throw invalid(element, `must have an xs:${type.name} as its attribute ${name.local}`)
  if (fixed !== undefined && type.encode(value) !== fixed) {
    throw invalid(element, `must have the attribute ${name.local}="${fixed}"`)
  }
  return value
}

/** Reads the attributes of the start tag that the reader stands on into the record; true: the element is nil. */
export function readAttributes(reader: XmlReader, rules: TagRules, record: OpenRecord): boolean {
  const { element, attributes, anyAttribute } = rules
  let nil = false
  for (const attribute of reader.attributes) {
    const { namespace, local } = attribute
    const own = attributes.find(({ name }) => name.local === local && name.namespace === namespace)
    if (own !== undefined) {
      record[local] = decodeAttribute(own, element, attribute.value)
      continue
    }
    const check = CHECKS.get(namespace)?.get(local)
    if (check !== undefined) nil = check(attribute, rules, reader) || nil
    else if (!anyAttribute) throw invalid(element, `must not have the attribute ${quoteName(local)}`)
  }
  for (const attribute of attributes) {
    const { local } = attribute.name
    if (Object.hasOwn(record, local)) continue
    if (attribute.required) throw invalid(element, `lacks the attribute ${local}`)
    const absent = attribute.default ?? attribute.fixed
    if (absent !== undefined) record[local] = decodeAttribute(attribute, element, absent)
  }
  return nil
}

/** Writes the attributes of a record into a start tag. Throws a `TypeError` for what the contract does not allow. */
export function writeAttributes(attributes: readonly AttributeCodec[], record: SoapRecord): string {
  let xml = ''
  for (const [index, { name, type, required, fixed }] of attributes.entries()) {
    const value = record[name.local]
    if (value === undefined || value === null) {
      if (required) throw new TypeError(`the attribute ${name.local} is missing`)
      continue
    }
    const text = type.encode(value)
    if (fixed !== undefined && text !== fixed) throw new TypeError(`${name.local} must be ${fixed}`)
    xml +=
      name.namespace === ''
        ? ` ${name.local}="${escapeAttribute(text)}"`
        : ` xmlns:a${index}="${escapeAttribute(name.namespace)}" a${index}:${name.local}="${escapeAttribute(text)}"`
  }
  return xml
}

/** The start tag's inside after the name of an element that is nil. */
export const NIL = ` xmlns:xsi="${XSI}" xsi:nil="true"`
