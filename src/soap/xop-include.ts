import { invalid } from './invalid.ts'
import { type QName, TOKEN, type XmlReader } from './scanner.ts'

/** The namespace of xop:Include. */
export const XOP = 'http://www.w3.org/2004/08/xop/include'

/**
 * Reads an xop:Include, on whose start tag the reader stands, and the end tag of the element around it, in which it must
 * be alone (XOP 1.0, 2.1). Gives the Content-ID of its part. Throws a `SoapFault`.
 */
export function readInclude(reader: XmlReader, element: QName): string {
  if (reader.local !== 'Include' || reader.namespace !== XOP) {
    throw invalid(element, 'must contain base64 text, or one xop:Include', reader.local)
  }
  let href: string | undefined
  for (const { namespace, local, value } of reader.attributes) {
    if (namespace === '' && local === 'href') href = value
    else if (namespace === '' || namespace === XOP) {
      throw invalid(element, 'has an xop:Include with an attribute that it must not have', 'Include')
    }
  }
  if (href === undefined) throw invalid(element, 'has an xop:Include without href', 'Include')
  if (reader.next() !== TOKEN.end) throw invalid(element, 'has an xop:Include that is not empty', 'Include')
  if (reader.next() !== TOKEN.end) throw invalid(element, 'must contain the xop:Include alone', 'Include')
  return contentIdOf(href, element)
}

/** RFC 2392: `cid:` and the Content-ID, its other characters as `%xx`. Nothing else is fetched. */
function contentIdOf(href: string, element: QName): string {
  const encoded = /^cid:(.+)$/i.exec(href.trim())?.[1]
  try {
    if (encoded !== undefined) return decodeURIComponent(encoded)
  } catch {
    // As if it were no address at all.
  }
  throw invalid(element, 'has an xop:Include whose href is no cid: address', 'Include')
}
