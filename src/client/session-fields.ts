import { type ByteString, fromByteString, toByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { UserPresence } from './client.ts'

/** A name as a field. Throws `invalid-request` for NUL, which ends a field, so that none can be inside (wire-protocol 2). */
export function nameField(text: string): ByteString {
  if (text.includes('\0')) throw new Fault('invalid-request', 'a name cannot hold NUL')
  return toByteString(text)
}

/** What USERS answers: a line a user, name and presence. */
export function parseUsers(result: ByteString): readonly UserPresence[] {
  return result === '' ? [] : fromByteString(result).split('\n').map(parseUser)
}

function parseUser(line: string): UserPresence {
  const end = line.lastIndexOf(' ')
  return { name: line.slice(0, end), online: line.slice(end + 1) === 'online' }
}
