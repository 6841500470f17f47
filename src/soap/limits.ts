/** What one request may ask of the engine. Beyond a limit it is refused: a body's size with HTTP 413, the rest with a Sender fault. */
export interface SoapLimits {
  /** Bytes of a request's body. */
  readonly bodyBytes: number
  /** Bytes of a request's body after gzip was taken off. */
  readonly inflatedBytes: number
  /** How many times larger than it came a body may become; up to 64 KiB it always may. */
  readonly inflateRatio: number
  /** Elements within elements; the envelope is the first. */
  readonly depth: number
  /** Attributes of one element, namespace declarations included. */
  readonly attributes: number
  /** Elements of one document. */
  readonly elements: number
  /** Bytes of a request's parts that are streamed, together. All its other parts are bound by `bodyBytes`, together. */
  readonly attachmentBytes: number
  /** Parts of a multipart request; the one with the envelope is the first. */
  readonly parts: number
  /** Bytes of the headers of one part. */
  readonly partHeaderBytes: number
}

/** Far above what the contracts need, far below what hurts: a text of a mebibyte fits. */
export const DEFAULT_SOAP_LIMITS: SoapLimits = {
  bodyBytes: 2 * 1024 * 1024,
  inflatedBytes: 2 * 1024 * 1024,
  inflateRatio: 100,
  depth: 32,
  attributes: 32,
  elements: 10_000,
  attachmentBytes: 10 * 1024 * 1024,
  parts: 16,
  partHeaderBytes: 4096,
}
