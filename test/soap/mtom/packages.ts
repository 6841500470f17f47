import type { SoapEndpoint } from '../../../src/soap/endpoint.ts'
import type { SoapResponse } from '../../../src/soap/exchange.ts'
import { SOMEBODY } from '../callers.ts'
import { envelope, VERSIONS, type Version } from '../text-server.ts'
import { FILES } from './files-contract.ts'

const XOP = 'http://www.w3.org/2004/08/xop/include'

/** A part: its headers, and its bytes. */
export interface Part {
  readonly headers: readonly string[]
  readonly bytes: Uint8Array | string
}

export const BOUNDARY = 'MIMEBoundary_x'

/** An xop:Include. */
export function include(href: string): string {
  return `<xop:Include xmlns:xop="${XOP}" href="${href}"/>`
}

/** The body's element of `Put`. */
export function put(...content: readonly string[]): string {
  return `<t:Put xmlns:t="${FILES}"><t:name>a</t:name>${content.map((one) => `<t:content>${one}</t:content>`).join('')}</t:Put>`
}

/** The part with the envelope. */
export function rootPart(version: Version, body: string): Part {
  return {
    headers: [
      `Content-Type: application/xop+xml; charset=UTF-8; type="${VERSIONS[version].mediaType}"`,
      'Content-Transfer-Encoding: 8bit',
      'Content-ID: <root@a>',
    ],
    bytes: envelope(version, body),
  }
}

/** A part with bytes. */
export function part(contentId: string, bytes: Uint8Array | string, mediaType = 'application/x-noise'): Part {
  return {
    headers: [
      `Content-Type: ${mediaType}`,
      'Content-Transfer-Encoding: binary',
      `Content-ID: <${contentId}>`,
    ],
    bytes,
  }
}

/** A multipart body. */
export function multipart(parts: readonly Part[], end = `\r\n--${BOUNDARY}--\r\n`): Buffer {
  const pieces = parts.flatMap(({ headers, bytes }) => [
    Buffer.from(`\r\n--${BOUNDARY}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1'),
    Buffer.from(bytes as string),
  ])
  return Buffer.concat([...pieces, Buffer.from(end)]).subarray(2)
}

/** The Content-Type of such a request. */
export function contentType(version: Version, boundary = BOUNDARY): string {
  return `multipart/related; type="application/xop+xml"; start="<root@a>"; start-info="${VERSIONS[version].mediaType}"; boundary="${boundary}"`
}

/** Bytes one after the other; the cut positions are anywhere. */
export async function* inPieces(bytes: Buffer, cuts: readonly number[] = []): AsyncGenerator<Uint8Array> {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let from = 0
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(from, end)
    from = end
  }
}

/** Calls an endpoint with a multipart body, without HTTP. */
export function callParts(
  endpoint: SoapEndpoint,
  version: Version,
  body: AsyncIterator<Uint8Array>,
  head: Partial<Parameters<SoapEndpoint['handleParts']>[0]> = {},
): Promise<SoapResponse> {
  return endpoint.handleParts(
    {
      caller: SOMEBODY,
      contentType: contentType(version),
      contentEncoding: undefined,
      acceptEncoding: undefined,
      soapAction: undefined,
      ...head,
    },
    body,
    () => true,
  )
}

/** A response's body, whole. */
export async function bodyOf({ body }: SoapResponse): Promise<Buffer> {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body.chunks()) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** A fault's code without its prefix, and its reason; the status and the text of a refusal. */
export async function problemOf(response: SoapResponse): Promise<readonly [string, string]> {
  const text = (await bodyOf(response)).toString()
  const code = /<faultcode>soap:(\w+)|<soap:Value>soap:(\w+)/.exec(text)
  const reason = /<faultstring>([^<]*)|<soap:Text[^>]*>([^<]*)/.exec(text)
  if (code === null) return [String(response.status), text.trim()]
  return [code[1] ?? code[2] ?? '', reason?.[1] ?? reason?.[2] ?? '']
}

/** Takes a multipart reply apart, the plain way. */
export function readMultipart(response: { readonly contentType: string; readonly body: Buffer }) {
  const boundary = /boundary="([^"]+)"/.exec(response.contentType)?.[1] ?? ''
  const text = response.body.toString('latin1')
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`)
  return {
    last: pieces.at(-1),
    parts: pieces.slice(1, -1).map((piece) => {
      const end = piece.indexOf('\r\n\r\n')
      return { head: piece.slice(2, end), bytes: Buffer.from(piece.slice(end + 4), 'latin1') }
    }),
  }
}
