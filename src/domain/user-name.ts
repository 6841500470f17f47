import { type ByteString, fromByteString } from './byte-string.ts'
import { Fault } from './fault.ts'

declare const brand: unique symbol

/** A name that keeps the rules below: 1 to 64 bytes of UTF-8 in NFC, without control, bidi or white-space characters (reliability, security). */
export type UserName = ByteString & { readonly [brand]: 'UserName' }

/** The longest user name, in bytes of UTF-8 (wire-protocol 1). */
export const MAX_NAME_BYTES = 64

const FORBIDDEN = /[\p{Cc}\p{Bidi_Control}\p{White_Space}\u2028\u2029\ufeff]/u

/** Checks a name that a peer sent. Throws `invalid-name` with the rule that it breaks. */
export function parseUserName(bytes: ByteString): UserName {
  if (bytes.length === 0) throw new Fault('invalid-name', 'a user name must not be empty')
  if (bytes.length > MAX_NAME_BYTES) {
    throw new Fault('invalid-name', `a user name has at most ${MAX_NAME_BYTES} bytes`)
  }
  const name = fromByteString(bytes)
  if (FORBIDDEN.test(name)) {
    throw new Fault('invalid-name', 'a user name has no white space, control or bidi characters')
  }
  if (name.normalize('NFC') !== name) throw new Fault('invalid-name', 'a user name must be in Unicode NFC')
  return bytes as UserName
}
