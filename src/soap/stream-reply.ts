import { randomUUID } from 'node:crypto'
import type { ElementCodec } from './codec.ts'
import type { BodyStream, SoapResponse } from './exchange.ts'
import { parseMediaType } from './media-type.ts'
import { isSoapStream, type SoapStream } from './soap-stream.ts'
import { CLOSE_ENVELOPE, type SoapVersion } from './soap-version.ts'
import { splitAtSlots, takeStreams } from './stream-slots.ts'
import { XOP } from './xop-include.ts'
import { XOP_MEDIA_TYPE } from './xop-media-type.ts'

/** A piece of a body: bytes, or a stream as base64 text or as it is. */
type Piece = Buffer | { readonly stream: SoapStream; readonly base64: boolean }

const UNKNOWN_MEDIA = 'application/octet-stream'

/**
 * The reply of an operation in whose result there may be streams: in the document as base64 text, or behind it as parts.
 * Throws as `encode` does; `onCut` is told of a stream that throws, or has not the size that it said, once the reply is
 * being written.
 */
export function replyWithStreams(
  version: SoapVersion,
  element: ElementCodec,
  result: unknown,
  asXop: boolean,
  onCut: (error: unknown) => void,
): SoapResponse {
  const { output, slots } = takeStreams(result)
  const document = `${version.opening}${element.encode(output)}${CLOSE_ENVELOPE}`
  if (slots.length === 0) return { status: 200, headers: version.replyHeaders, body: document }
  const { headers, pieces } = (asXop ? inParts : inline)(version, splitAtSlots(document, slots))
  return { status: 200, headers, body: bodyOf(pieces, onCut) }
}

/** A reply before it is written. */
interface Reply {
  readonly headers: SoapResponse['headers']
  readonly pieces: readonly Piece[]
}

function inline(version: SoapVersion, document: readonly (string | SoapStream)[]): Reply {
  const pieces = document.map((piece): Piece => {
    return isSoapStream(piece) ? { stream: piece, base64: true } : Buffer.from(piece)
  })
  return { headers: version.replyHeaders, pieces }
}

/** XOP 1.0, 4.1; for SOAP 1.1 "SOAP 1.1 Binding for MTOM 1.0", for SOAP 1.2 MTOM 1.0, 4. */
function inParts(version: SoapVersion, document: readonly (string | SoapStream)[]): Reply {
  const id = randomUUID()
  const boundary = `dms-${id}`
  const root = `root.${id}@dms`
  const parts: Piece[] = []
  let envelope = ''
  for (const piece of document) {
    if (!isSoapStream(piece)) {
      envelope += piece
      continue
    }
    const contentId = `${parts.length}.${id}@dms`
    envelope += `<xop:Include xmlns:xop="${XOP}" href="cid:${contentId}"/>`
    const media = headerOf(piece.mediaType)
    parts.push(Buffer.from(`\r\n--${boundary}\r\n${partHeaders(contentId, media)}`))
    parts.push({ stream: piece, base64: false })
  }
  const rootType = `${XOP_MEDIA_TYPE}; charset=utf-8; type="${version.mediaType}"`
  const first = Buffer.from(`--${boundary}\r\n${partHeaders(root, rootType)}${envelope}`)
  const contentType = `multipart/related; type="${XOP_MEDIA_TYPE}"; boundary="${boundary}"; start="<${root}>"; start-info="${version.mediaType}"`
  return {
    headers: { 'Content-Type': contentType },
    pieces: [first, ...parts, Buffer.from(`\r\n--${boundary}--\r\n`)],
  }
}

function partHeaders(contentId: string, mediaType: string): string {
  return `Content-Type: ${mediaType}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${contentId}>\r\n\r\n`
}

/** A media type that may stand in a header: whoever sent it may have meant to write more than that. */
function headerOf(mediaType: string | undefined): string {
  const isGood =
    mediaType !== undefined && /^[\t -~]+$/.test(mediaType) && parseMediaType(mediaType) !== undefined
  return isGood ? mediaType : UNKNOWN_MEDIA
}

function lengthOf(piece: Piece): number | undefined {
  if (Buffer.isBuffer(piece)) return piece.length
  const { size } = piece.stream
  return piece.base64 && size !== undefined ? Math.ceil(size / 3) * 4 : size
}

function bodyOf(pieces: readonly Piece[], onCut: (error: unknown) => void): BodyStream {
  return {
    length: pieces
      .map(lengthOf)
      .reduce((sum, one) => (sum === undefined || one === undefined ? undefined : sum + one), 0),
    async *chunks() {
      try {
        for (const piece of pieces) {
          if (Buffer.isBuffer(piece)) yield piece
          else if (piece.base64) yield* asBase64(checked(piece.stream))
          else yield* checked(piece.stream)
        }
      } catch (error) {
        onCut(error)
        throw error
      }
    },
  }
}

/** Throws where a stream has not as many bytes as it said, which the caller was told. */
async function* checked(stream: SoapStream): AsyncGenerator<Uint8Array> {
  const { size } = stream
  let bytes = 0
  for await (const chunk of stream.stream()) {
    bytes += chunk.byteLength
    if (size !== undefined && bytes > size) break
    if (chunk.byteLength > 0) yield chunk
  }
  if (size !== undefined && bytes !== size) throw new Error(`a stream of ${size} bytes has not so many`)
}

/** Three bytes are four characters, so up to two bytes of a chunk wait for the next. */
async function* asBase64(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([left, chunk])
    const whole = bytes.length - (bytes.length % 3)
    left = bytes.subarray(whole)
    if (whole > 0) yield Buffer.from(bytes.toString('base64', 0, whole), 'latin1')
  }
  if (left.length > 0) yield Buffer.from(left.toString('base64'), 'latin1')
}
