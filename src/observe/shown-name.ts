import { type ByteString, fromByteString } from '../domain/byte-string.ts'
import { harmless } from '../domain/harmless.ts'
import { MAX_NAME_BYTES } from '../domain/user-name.ts'

/** A name as a log shows it: harmless, and no longer than one may be. Peers chose it, and it may have been refused for what it is. */
export function shownName(name: ByteString): string {
  const whole = name.length <= MAX_NAME_BYTES
  return (
    harmless(fromByteString(whole ? name : (name.slice(0, MAX_NAME_BYTES) as ByteString))) +
    (whole ? '' : '…')
  )
}
