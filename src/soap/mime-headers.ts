import { SoapFault } from './fault.ts'
import { type MediaType, parseMediaType } from './media-type.ts'

/** The headers of a part, as far as XOP looks at them. */
export interface PartHeaders {
  /** Without the angle brackets. */
  readonly contentId: string | undefined
  /** The Content-Type as it is written, and what it says. */
  readonly mediaType: string | undefined
  readonly media: MediaType | undefined
}

/** A name, a colon, a value of visible characters and blanks. */
const HEADER_LINE = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([\t -~\x80-\xff]*)$/
const FOLD = /\r\n[ \t]+/g
/** RFC 2045, 7; RFC 2392 puts what is inside the brackets into `cid:` addresses. */
const CONTENT_ID = /^<([!-;=?-~]+)>$/
/** RFC 2045, 6: those that leave the bytes as they are. */
const IDENTITIES: ReadonlySet<string> = new Set(['binary', '8bit', '7bit'])

/** What of a part's headers matters; it must not stand twice. */
const KNOWN: ReadonlySet<string> = new Set(['content-id', 'content-type', 'content-transfer-encoding'])

/** Reads the headers of a part, without the blank line at their end. Throws a `SoapFault` for what is not understood beyond doubt. */
export function parsePartHeaders(text: string): PartHeaders {
  const headers = new Map<string, string>()
  if (text !== '') {
    for (const line of text.replace(FOLD, ' ').split('\r\n')) {
      const header = HEADER_LINE.exec(line)
      if (header === null) throw new SoapFault('Sender', 'a header of a part is not well-formed')
      const name = (header[1] as string).toLowerCase()
      if (!KNOWN.has(name)) continue
      if (headers.has(name)) throw new SoapFault('Sender', `a part has the header ${name} twice`)
      headers.set(name, (header[2] as string).trim())
    }
  }
  const coding = headers.get('content-transfer-encoding')
  if (coding !== undefined && !IDENTITIES.has(coding.toLowerCase())) {
    throw new SoapFault('Sender', 'the Content-Transfer-Encoding of a part must be binary, 8bit or 7bit')
  }
  const mediaType = headers.get('content-type')
  const media = mediaType === undefined ? undefined : parseMediaType(mediaType)
  if (mediaType !== undefined && media === undefined) {
    throw new SoapFault('Sender', 'the Content-Type of a part is not a media type')
  }
  return { contentId: contentIdOf(headers.get('content-id')), mediaType, media }
}

function contentIdOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const found = CONTENT_ID.exec(header)
  if (found === null) throw new SoapFault('Sender', 'the Content-ID of a part must be of the form <id>')
  return found[1]
}
