import { type Forwarding, forwardingOf } from './caller-origin.ts'

/** The head of a plain POST, as far as it matters. */
export interface PlainHead {
  /** Without the query. */
  readonly path: string
  readonly contentLength: number
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly acceptEncoding: string | undefined
  readonly soapAction: string | undefined
  readonly authorization: string | undefined
  readonly forwarding: Forwarding | undefined
}

/** No more header lines than this: every line is compared with those before it. */
const MOST_LINES = 48
/** In origin form, without a fragment and without characters that somebody might decode or split at. */
const REQUEST_LINE = /^POST (\/[\w./~-]*)(?:\?[\w./~=&%-]*)? HTTP\/1\.1$/
/** A name of letters, digits and hyphens; a colon; at most one blank; words of visible ASCII with single blanks between. */
const HEADER_LINE = /^([A-Za-z0-9-]+): ?((?:[!-~]+(?: [!-~]+)*)?)$/
/** Bodies of several parts are streamed: not for us. */
const ABOUT_PARTS = /multipart\/|\bxop\b/i
const CONTENT_LENGTH = /^(?:0|[1-9][0-9]{0,8})$/

/** A header that changes how the message is read or answered, or is about more than this message: not for us. */
const NOT_PLAIN: ReadonlySet<string> = new Set([
  ...['transfer-encoding', 'te', 'trailer', 'expect', 'upgrade', 'http2-settings'],
  ...['keep-alive', 'proxy-connection', 'content-range'],
])

/**
 * Reads the head of a request, without the empty line at its end. Undefined: it is not a plain POST beyond doubt, which
 * says nothing about whether it is a good one. What is plain here means the same to every reader of HTTP/1.1
 * (RFC 9112, 11.2): one Host, one Content-Length in its simplest form, no header twice, no other framing.
 */
export function parsePlainHead(head: string): PlainHead | undefined {
  const [first = '', ...lines] = head.split('\r\n')
  const request = REQUEST_LINE.exec(first)
  if (request === null || lines.length > MOST_LINES) return undefined
  const headers = new Map<string, string>()
  for (const line of lines) {
    const header = HEADER_LINE.exec(line)
    if (header === null) return undefined
    const name = (header[1] as string).toLowerCase()
    if (headers.has(name) || NOT_PLAIN.has(name)) return undefined
    headers.set(name, header[2] as string)
  }
  const connection = headers.get('connection')
  const length = headers.get('content-length')
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined
  if (ABOUT_PARTS.test(headers.get('content-type') ?? '') || ABOUT_PARTS.test(headers.get('accept') ?? '')) {
    return undefined
  }
  if (length === undefined || !CONTENT_LENGTH.test(length) || !headers.has('host')) return undefined
  return {
    path: request[1] as string,
    contentLength: Number(length),
    contentType: headers.get('content-type'),
    contentEncoding: headers.get('content-encoding'),
    acceptEncoding: headers.get('accept-encoding'),
    soapAction: headers.get('soapaction'),
    authorization: headers.get('authorization'),
    forwarding: forwardingOf(headers),
  }
}
