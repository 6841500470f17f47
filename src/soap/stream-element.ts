import { type AttributeCodec, NIL, readAttributes, writeAttributes } from './attributes.ts'
import type { ElementCodec, OpenRecord } from './codec.ts'
import { ContractError } from './contract-error.ts'
import { createElementCodec, type ElementType } from './element.ts'
import { escapeAttribute } from './escape.ts'
import { invalid } from './invalid.ts'
import { type QName, TOKEN } from './scanner.ts'
import { readText } from './simple-content.ts'
import type { SimpleType } from './simple-type.ts'
import { SIMPLE_TYPES } from './simple-types.ts'
import { streamOf } from './soap-stream.ts'
import { StreamSlot } from './stream-slots.ts'
import { readInclude } from './xop-include.ts'

/** The namespace of `xmime:contentType` and `xmime:expectedContentTypes` ("Describing Media Content of Binary Data in XML"). */
export const XMIME = 'http://www.w3.org/2005/05/xmlmime'

const BASE64 = SIMPLE_TYPES.get('base64Binary') as SimpleType

/** Read on every stream, whether its type declares it or not: how else should one who sends base64 text say what it is. */
const CONTENT_TYPE: AttributeCodec = {
  name: { namespace: XMIME, local: 'contentType' },
  type: SIMPLE_TYPES.get('string') as SimpleType,
  required: false,
  fixed: undefined,
  default: undefined,
}

function isContentType({ name }: AttributeCodec): boolean {
  return name.local === CONTENT_TYPE.name.local && name.namespace === XMIME
}

/**
 * An element with `xmime:expectedContentTypes`: its value is a `SoapStream`; bytes are taken for one too. Its type is
 * xs:base64Binary, or one with `xmime:contentType` besides, such as xmime:base64Binary, which then is written too.
 * Throws a `ContractError` for any other type: what it asks for could not be looked at while bytes go by.
 */
export function createStreamElement(
  name: QName,
  type: ElementType,
  nillable: boolean,
  documentation: string,
): ElementCodec {
  const { attributes, simple } = type
  if (simple !== BASE64 || !attributes.every(isContentType)) {
    throw new ContractError(
      `${name.local} has xmime:expectedContentTypes: its type must be xs:base64Binary or xmime:base64Binary`,
    )
  }
  const declared = attributes.length > 0
  const rules = {
    element: name,
    nillable,
    type: type.name,
    attributes: declared ? attributes : [CONTENT_TYPE],
    anyAttribute: type.anyAttribute,
  }
  const { local } = name
  const tag = `<${local}`
  const tagWithNamespace = `<${local} xmlns="${escapeAttribute(name.namespace)}"`
  const close = `</${local}>`

  function contentOf(value: unknown): string {
    if (!(value instanceof StreamSlot)) return `>${BASE64.encode(value)}`
    const { mediaType } = value.stream
    return `${declared ? writeAttributes(attributes, { contentType: mediaType }) : ''}>${value.mark}`
  }

  const plain = createElementCodec(name, type, nillable, documentation)
  return {
    ...plain,
    stream: true,
    outline: () => ({ ...plain.outline(), stream: true }),
    sample: () => BASE64.sample,
    decode(reader) {
      const record: OpenRecord = {}
      const isNil = readAttributes(reader, rules, record)
      const token = reader.next()
      if (isNil) {
        if (token !== TOKEN.end) throw invalid(name, 'is nil, so it must be empty')
        return null
      }
      const mediaType = record.contentType as string | undefined
      const { parts } = reader
      if (token === TOKEN.start && parts !== undefined)
        return parts.stream(readInclude(reader, name), mediaType)
      return streamOf(readText(reader, BASE64, name, token) as Uint8Array, mediaType)
    },
    encode(value, parentNamespace) {
      const start = name.namespace === parentNamespace ? tag : tagWithNamespace
      if (value !== null) return `${start}${contentOf(value)}${close}`
      if (!nillable) throw new TypeError(`${local} must not be null`)
      return `${start}${NIL}/>`
    },
  }
}
