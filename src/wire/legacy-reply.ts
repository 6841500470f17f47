import { LEGACY_OPERATIONS, type LegacyOperation } from './legacy.ts'

/** What a reply decoder knows after a chunk: it wants more, it has the reply, or these bytes are no reply of this protocol. */
export type LegacyReplyDecoding =
  | { readonly state: 'incomplete' }
  | { readonly state: 'complete'; readonly code: number; readonly id?: number }
  | { readonly state: 'refused' }

/** Decodes one reply from however many chunks it comes in. After a state other than `incomplete` it must not be called again. */
export interface LegacyReplyDecoder {
  decode(chunk: Uint8Array): LegacyReplyDecoding
}

const INCOMPLETE = { state: 'incomplete' } as const
const REFUSED = { state: 'refused' } as const
const MAX_ID_DIGITS = 16

/**
 * A decoder for the reply to `operation` (wire-protocol 1): one byte out of the operation's table and, for an accepted
 * SEND, the message id in decimal, NUL-ended. The reply is complete without the server's close, which the original
 * server sends late or, after a SEND, never.
 */
export function createLegacyReplyDecoder(operation: LegacyOperation): LegacyReplyDecoder {
  const replies = LEGACY_OPERATIONS[operation].replies
  let code: number | undefined
  let digits = ''

  return {
    decode(chunk) {
      for (const byte of chunk) {
        if (code === undefined) {
          if (!Object.hasOwn(replies, byte)) return REFUSED
          if (byte !== 0 || operation !== 'SEND') return { state: 'complete', code: byte }
          code = byte
        } else if (byte === 0x00) {
          const id = Number(digits)
          return digits !== '' && Number.isSafeInteger(id) ? { state: 'complete', code, id } : REFUSED
        } else {
          if (byte < 0x30 || byte > 0x39 || digits.length === MAX_ID_DIGITS) return REFUSED
          digits += String.fromCharCode(byte)
        }
      }
      return INCOMPLETE
    },
  }
}
