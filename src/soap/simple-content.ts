import { invalid } from './invalid.ts'
import { type QName, TOKEN, type Token, type XmlReader } from './scanner.ts'
import { decodeSimple, type SimpleType, type SimpleValue } from './simple-type.ts'
import { readInclude } from './xop-include.ts'

/**
 * The value of the text between the tags of an element, to the end tag; bytes may be in a part of their own instead.
 * `first`: the token after the start tag.
 */
export function readText(
  reader: XmlReader,
  type: SimpleType,
  element: QName,
  first: Token = reader.next(),
): SimpleValue {
  let text = ''
  let token = first
  if (token === TOKEN.text) {
    text = reader.text
    token = reader.next()
  }
  if (token !== TOKEN.end) {
    const { parts } = reader
    if (parts === undefined || type.inPart !== true || text !== '') {
      throw invalid(element, 'must contain text only', reader.local)
    }
    return parts.bytes(readInclude(reader, element), (bytes) => {
      if (!isAllowed(bytes, type)) throw invalid(element, `must contain an xs:${type.name}`)
    })
  }
  const value = decodeSimple(type, text)
  if (value === undefined) throw invalid(element, `must contain an xs:${type.name}`)
  return value
}

/** Facets hold for what came in a part too. */
function isAllowed(bytes: Uint8Array, type: SimpleType): boolean {
  try {
    type.encode(bytes)
    return true
  } catch {
    return false
  }
}
