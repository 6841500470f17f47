import type { ByteString } from '../../domain/byte-string.ts'
import type { Seq } from '../../domain/message.ts'
import type { AccountNumber } from './record.ts'

/** Keys are bytes, compared byte by byte, so numbers are big endian. */

/** An account's key is its name. */
export function accountKey(name: ByteString): Buffer {
  return Buffer.from(name, 'latin1')
}

export function accountName(key: Buffer): ByteString {
  return key.toString('latin1') as ByteString
}

/** The key of what there is once per account. */
export function numberKey(account: AccountNumber): Buffer {
  const key = Buffer.allocUnsafe(4)
  key.writeUInt32BE(account)
  return key
}

/** The key of one of many records of an account, in the order of `place`: a record of items stands at its last seq, one of refs at its last id. */
export function placeKey(account: AccountNumber, place: number): Buffer {
  const key = Buffer.allocUnsafe(12)
  key.writeUInt32BE(account)
  // Places stay below 2^53.
  key.writeUInt32BE(Math.floor(place / 0x1_0000_0000), 4)
  key.writeUInt32BE(place % 0x1_0000_0000, 8)
  return key
}

/** The account and the place that a key of `placeKey` names. */
export function readPlaceKey(key: Buffer): { readonly account: AccountNumber; readonly place: Seq } {
  return { account: key.readUInt32BE(0), place: key.readUInt32BE(4) * 0x1_0000_0000 + key.readUInt32BE(8) }
}

/** The keys of every record of an account, in one table. */
export function allOf(account: AccountNumber): { readonly start: Buffer; readonly end: Buffer } {
  return { start: numberKey(account), end: numberKey(account + 1) }
}
