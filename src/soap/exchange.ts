import type { Caller } from './context.ts'

/** The head of an HTTP request, as far as SOAP looks at it. */
export interface SoapHead {
  readonly caller: Caller
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly acceptEncoding: string | undefined
  readonly soapAction: string | undefined
  /** The Accept header. Looked at only where a reply has streams. */
  readonly accept?: string | undefined
}

/** An HTTP request. */
export interface SoapRequest extends SoapHead {
  readonly body: Uint8Array
}

/** Asks for so many more bytes of memory, for what has `length` bytes with them. False: there is no room. */
export type HoldBytes = (bytes: number, length: number) => boolean

/** A body that is made while it is written. */
export interface BodyStream {
  /** Undefined: it is not known. */
  readonly length: number | undefined
  /** May be called once. Where it throws, the answer cannot be written to its end: the connection must be cut. */
  chunks(): AsyncIterable<Uint8Array>
}

/** The answer to it; a body of text is to be written as UTF-8. */
export interface SoapResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | BodyStream
}
