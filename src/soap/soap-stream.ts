/**
 * What an element with `xmime:expectedContentTypes` contains: bytes that need not be in memory as a whole. In a request
 * they came as a part of their own (XOP), or as base64 text; in a reply they go either way, as the caller wants it.
 */
export interface SoapStream {
  /** How many bytes there are, where that is known before they are read. A reply with it has a Content-Length. */
  readonly size?: number | undefined
  /** What the bytes are: `xmime:contentType`, else the part's Content-Type. Of a part behind others: once those are read. */
  readonly mediaType?: string | undefined
  /**
   * The bytes, in chunks. May be called once. In a request it waits for what has not come yet, and throws a `SoapFault`
   * where the message turns out to be wrong: what was read is good only when it has come to its end without.
   */
  stream(): AsyncIterable<Uint8Array>
}

/** Is a value a stream. */
export function isSoapStream(value: unknown): value is SoapStream {
  return (
    typeof value === 'object' && value !== null && 'stream' in value && typeof value.stream === 'function'
  )
}

/** Bytes that are all here, as a stream. */
export function streamOf(bytes: Uint8Array, mediaType: string | undefined): SoapStream {
  return {
    size: bytes.byteLength,
    mediaType,
    async *stream() {
      if (bytes.byteLength > 0) yield bytes
    },
  }
}
