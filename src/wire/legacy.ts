import { isUtf8 } from 'node:buffer'
import { type ByteString, toByteString } from '../domain/byte-string.ts'

/**
 * The original protocol, wire-protocol 1: a request is a sequence of fields, each UTF-8, each ended by NUL;
 * a newline also ends a field. One request per connection. Pure: bytes in, values out.
 */

/** One row per operation: the words after its name, and what its reply bytes mean. Feeds decoder, HELP, documentation check and tests. */
export const LEGACY_OPERATIONS = {
  REGISTER: { fields: ['user'], replies: { 0: 'done', 1: 'user exists', 2: 'any other failure' } },
  UNREGISTER: { fields: ['user'], replies: { 0: 'done', 1: 'no such user', 2: 'other' } },
  CONNECT: {
    fields: ['user', 'port'],
    replies: { 0: 'done', 1: 'no such user', 2: 'already connected', 3: 'other' },
  },
  DISCONNECT: {
    fields: ['user'],
    replies: { 0: 'done', 1: 'no such user', 2: 'not connected', 3: 'other' },
  },
  SEND: {
    fields: ['sender', 'recipient', 'text'],
    replies: { 0: 'done, then the id', 1: 'sender or recipient does not exist', 2: 'other' },
  },
} as const satisfies Record<string, { fields: readonly string[]; replies: Readonly<Record<number, string>> }>

/** The operations a client may ask for. */
export type LegacyOperation = keyof typeof LEGACY_OPERATIONS

/** The pushes a server dials out with, and their fields. */
export const LEGACY_PUSHES = {
  SEND_MESSAGE: { fields: ['sender', 'id', 'text'] },
  SEND_MESS_ACK: { fields: ['id'] },
} as const satisfies Record<string, { fields: readonly string[] }>

/** The pushes by name. */
export type LegacyPush = keyof typeof LEGACY_PUSHES

/** A decoded request or push: its operation and as many fields as the table says. */
export interface LegacyFrame<Op extends string> {
  readonly operation: Op
  readonly fields: readonly ByteString[]
}

/** What a decoder knows after a chunk: it wants more, it has the frame, or it will never have one. */
export type LegacyDecoding<Op extends string> =
  | { readonly state: 'incomplete' }
  | { readonly state: 'complete'; readonly frame: LegacyFrame<Op> }
  | {
      readonly state: 'refused'
      readonly why: 'unknown-operation' | 'too-large' | 'not-utf8'
      readonly operation?: Op
    }

/** Decodes one frame from however many chunks it comes in. `decode` is called with each chunk; after a state other than `incomplete` it must not be called again. */
export interface LegacyDecoder<Op extends string> {
  decode(chunk: Uint8Array): LegacyDecoding<Op>
}

type Table = Readonly<Record<string, { readonly fields: readonly string[] }>>

const INCOMPLETE = { state: 'incomplete' } as const

/**
 * A decoder for the frames of `table`.
 * @param maxFieldBytes the longest field, terminator not counted; a longer one is refused, never cut.
 * @param notUtf8 what becomes of a field that is not UTF-8: it is refused, or what is no character becomes U+FFFD.
 */
export function createLegacyDecoder<T extends Table>(
  table: T,
  maxFieldBytes: number,
  notUtf8: 'refuse' | 'replace' = 'refuse',
): LegacyDecoder<keyof T & string> {
  type Op = keyof T & string
  const fields: ByteString[] = []
  let operation: Op | undefined
  // The pieces of a field that has not ended yet: joined once, so that a peer who sends single bytes costs no copies.
  let pieces: Uint8Array[] = []
  let piecesBytes = 0

  return {
    decode(chunk) {
      let start = 0
      for (;;) {
        const end = fieldEnd(chunk, start)
        const length = piecesBytes + (end === -1 ? chunk.length : end) - start
        if (length > maxFieldBytes) return refused('too-large')
        pieces.push(chunk.subarray(start, end === -1 ? chunk.length : end))
        if (end === -1) {
          piecesBytes = length
          return INCOMPLETE
        }
        const field = Buffer.concat(pieces, length)
        pieces = []
        piecesBytes = 0
        start = end + 1
        if (operation === undefined) {
          const word = field.toString('latin1')
          if (!Object.hasOwn(table, word)) return { state: 'refused', why: 'unknown-operation' }
          operation = word
        } else {
          const valid = isUtf8(field)
          if (!valid && notUtf8 === 'refuse') return refused('not-utf8')
          fields.push(valid ? (field.toString('latin1') as ByteString) : toByteString(field.toString('utf8')))
        }
        if (fields.length === table[operation]?.fields.length) {
          return { state: 'complete', frame: { operation, fields } }
        }
      }
    },
  }

  function refused(why: 'too-large' | 'not-utf8'): LegacyDecoding<Op> {
    return operation === undefined ? { state: 'refused', why } : { state: 'refused', why, operation }
  }
}

/** Where the field that starts at `start` ends: the first NUL or newline, or -1. */
function fieldEnd(bytes: Uint8Array, start: number): number {
  const nul = bytes.indexOf(0x00, start)
  const newline = bytes.indexOf(0x0a, start)
  if (newline === -1) return nul
  return nul === -1 ? newline : Math.min(nul, newline)
}

/** Encodes a request or a push: its operation and fields, each ended by NUL. The fields must hold neither NUL nor newline (see `legacyText`). */
export function encodeLegacyFrame(
  operation: LegacyOperation | LegacyPush,
  ...fields: readonly ByteString[]
): Buffer {
  return Buffer.from(`${operation}\0${fields.join('\0')}\0`, 'latin1')
}

/** Encodes a reply: its byte and, for an accepted SEND, the message id in decimal, NUL-ended. */
export function encodeLegacyReply(code: number, id?: number): Buffer {
  return Buffer.from(
    id === undefined ? String.fromCharCode(code) : `${String.fromCharCode(code)}${id}\0`,
    'latin1',
  )
}

/**
 * COMPAT: a newline ends a field of this protocol, so a text that came by another way and holds one is shown
 * with a space in its place; a cut would lose what follows.
 */
export function legacyText(text: ByteString): ByteString {
  return (text.includes('\n') ? text.replaceAll(/\r?\n/g, ' ') : text) as ByteString
}
