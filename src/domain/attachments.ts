import type { ByteString } from './byte-string.ts'
import { Fault } from './fault.ts'

/** Names a file that a backend keeps. Made by the backend, never from what a sender wrote. */
export type AttachmentId = ByteString

/** The longest name of a file, in bytes: what file systems take. */
const MAX_FILE_NAME_BYTES = 255
/** The longest media type, in bytes. */
const MAX_MEDIA_TYPE_BYTES = 127
/** RFC 9110, 8.3.1, without looking into its parameters. ASCII. */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(\s*;[\x20-\x7e]*)?$/

/** A file that is on disk and synced, and that no message has taken yet. */
export interface StoredFile {
  readonly id: AttachmentId
  /** In bytes. */
  readonly size: number
  /** SHA-256 of its bytes, in lower-case hex. */
  readonly sha256: ByteString
}

/** A file that goes with a message. */
export interface Attachment extends StoredFile {
  /** As the sender wrote it, see `checkFileName`: whoever saves it makes it safe for the place where it is saved. */
  readonly name: ByteString
  /** What it holds, as the sender says (RFC 9110, 8.3); empty: not said. */
  readonly mediaType: ByteString
  /** The file is gone from the backend's disk; the message is not. */
  readonly lost?: true
}

/** A file on its way in. One call at a time. */
export interface Upload {
  /** Bytes taken so far. */
  readonly size: number
  /** It was finished or discarded: nothing more is taken. */
  readonly over: boolean
  /**
   * Adds bytes at the end; resolves when there is room for more, which is all the back-pressure there is. Rejects with
   * `too-large` beyond the limit and with `unavailable` when the disk does not take them; the upload is discarded then.
   */
  write(chunk: Uint8Array): Promise<void>
  /** Resolves when the file and its name are synced. Rejects with `unavailable`; the upload is discarded then. */
  finish(): Promise<StoredFile>
  /** Removes the file, finished or not, unless a message has taken it. Never rejects. */
  discard(): Promise<void>
}

/** A file that is open for reading. */
export interface AttachmentReader {
  readonly size: number
  /** At most `length` bytes from `offset` on; none at the end. Rejects with `unavailable`. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * The part of a backend that keeps files, beside the store, which keeps messages. A file goes in and out in pieces and is never
 * in memory as a whole (the memory backend apart).
 *
 * A file that `finish` has returned belongs to whoever uploaded it until it is given to `Store.append` with an envelope.
 * From then on it is the store's: it goes when its message goes, or at once when that is refused. What a crash leaves
 * behind that no message refers to is removed when the backend is opened.
 */
export interface Attachments {
  /** Begins a file of at most `maxBytes` bytes. Rejects with `unavailable` when the disk has no room for it. */
  begin(maxBytes: number): Promise<Upload>
  /** Opens a file to read it. Rejects with `lostFile` where it is not there, and with `unavailable` when it cannot be read for now. */
  open(id: AttachmentId): Promise<AttachmentReader>
}

/** The refusal of a file that is not on the backend's disk any more, or not all of it: nobody needs to ask again. */
export function lostFile(): Fault {
  return new Fault(
    'invalid-request',
    'the server has lost the file of this message, for good: confirm the message',
  )
}

/** Checks the name that a sender gave a file: 1 to 255 bytes without control characters. Throws `invalid-name`. */
export function checkFileName(name: ByteString): void {
  if (name.length === 0 || name.length > MAX_FILE_NAME_BYTES) {
    throw new Fault('invalid-name', `the name of a file has 1 to ${MAX_FILE_NAME_BYTES} bytes`)
  }
  // C1 is two bytes in UTF-8: 0xc2 and then 0x80 to 0x9f.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for
  if (/[\u0000-\u001f\u007f]|\u00c2[\u0080-\u009f]/.test(name)) {
    throw new Fault('invalid-name', 'the name of a file has no control characters')
  }
}

/** Checks a media type; empty is one that is not said. Throws `invalid-request`. */
export function checkMediaType(mediaType: ByteString): void {
  if (mediaType === '' || (mediaType.length <= MAX_MEDIA_TYPE_BYTES && MEDIA_TYPE.test(mediaType))) return
  throw new Fault('invalid-request', 'a media type looks like application/pdf')
}
