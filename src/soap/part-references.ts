import type { SoapStream } from './soap-stream.ts'

/** The parts of a message as its elements refer to them, while the envelope is read. Each may be referred to once. */
export interface PartReferences {
  /**
   * Stands for what the part with this Content-ID will bring, which is put in its place before the operation sees it,
   * once `check` has seen it. Throws a `SoapFault` for a part that cannot be referred to.
   */
  bytes(contentId: string, check: (bytes: Uint8Array) => void): Uint8Array
  /** The part with this Content-ID, as it comes. `mediaType` is what the element says of it. Throws as `bytes` does. */
  stream(contentId: string, mediaType: string | undefined): SoapStream
}
