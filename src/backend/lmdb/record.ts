import { crc32 } from 'node:zlib'
import type { Attachment, AttachmentId } from '../../domain/attachments.ts'
import type { ByteString } from '../../domain/byte-string.ts'
import type { MessageItem, ReceiptItem, Seq } from '../../domain/message.ts'

/**
 * What stands in the files. Every record: one byte RECORD_VERSION, four bytes CRC-32 (big endian) over key and body,
 * then the body: fields, each ended by NUL, numbers in decimal.
 *
 * To change a body: give its record a version that is higher, keep decoding the old one, add a fixture of the old bytes to
 * the tests. Records of items have versions of their own (item-record.ts).
 */
const RECORD_VERSION = 1
const HEADER_BYTES = 5

/** Counts up from 1 and is never used twice, so that a name that is registered again is another account. */
export type AccountNumber = number

/** A message as the store keeps it: with the account that sent it, which gets the receipt. */
export interface StoredMessage extends MessageItem {
  readonly from: AccountNumber
}

/** An item as the store keeps it. */
export type StoredItem = StoredMessage | ReceiptItem

/** What an account's record holds. */
export interface AccountRecord {
  readonly number: AccountNumber
  readonly verifier: ByteString
}

/** Where a mailbox stands. */
export interface MailboxHead {
  /** The last seq that was confirmed. */
  readonly confirmed: Seq
  /** The seq that the next item gets. */
  readonly next: Seq
  /** Items waiting, and the bytes of their texts. */
  readonly count: number
  readonly bytes: number
}

/** The counters of the whole store. */
export interface Counters {
  nextId: number
  nextAccount: AccountNumber
}

/** A message that was accepted and whose receipt its sender has not confirmed: by its ref, a repeated SEND is recognised. */
export interface SentRef {
  readonly id: number
  readonly ref: ByteString
}

/** What the files that wait are found by without going through all mailboxes. */
export type AttachmentRecord = Pick<Attachment, 'id' | 'size'>

/** A record whose CRC, version or fields are wrong. */
export class DamagedRecord extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'DamagedRecord'
  }
}

/** Puts header and body together. The key goes into the CRC: a record in another's place is damage too. */
export function seal(key: Buffer, body: string, version = RECORD_VERSION): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + body.length)
  record[0] = version
  record.write(body, HEADER_BYTES, 'latin1')
  record.writeUInt32BE(crc32(record.subarray(HEADER_BYTES), crc32(key)), 1)
  return record
}

/** The fields of a record, checked. Throws `DamagedRecord`. @param latest the last version that such a record has. */
export function unseal(key: Buffer, record: Buffer, latest = RECORD_VERSION): string[] {
  if (record.length <= HEADER_BYTES) throw new DamagedRecord('too short')
  const version = record[0] as number
  if (version < RECORD_VERSION || version > latest)
    throw new DamagedRecord(`unknown record version ${record[0]}`)
  if (record.readUInt32BE(1) !== crc32(record.subarray(HEADER_BYTES), crc32(key))) {
    throw new DamagedRecord('CRC does not match')
  }
  const fields = record.toString('latin1', HEADER_BYTES).split('\0')
  if (fields.pop() !== '') throw new DamagedRecord('the last field has no end')
  return fields
}

/** `number`, `verifier` */
export function encodeAccount(key: Buffer, { number, verifier }: AccountRecord): Buffer {
  return seal(key, `${number}\0${verifier}\0`)
}

export function decodeAccount(key: Buffer, record: Buffer): AccountRecord {
  const [number, verifier] = unseal(key, record)
  return { number: Number(number), verifier: verifier as ByteString }
}

/** `confirmed`, `next`, `count`, `bytes` */
export function encodeHead(key: Buffer, { confirmed, next, count, bytes }: MailboxHead): Buffer {
  return seal(key, `${confirmed}\0${next}\0${count}\0${bytes}\0`)
}

export function decodeHead(key: Buffer, record: Buffer): MailboxHead {
  const [confirmed, next, count, bytes] = unseal(key, record).map(Number) as [number, number, number, number]
  return { confirmed, next, count, bytes }
}

/** `nextId`, `nextAccount` */
export function encodeCounters(key: Buffer, { nextId, nextAccount }: Counters): Buffer {
  return seal(key, `${nextId}\0${nextAccount}\0`)
}

export function decodeCounters(key: Buffer, record: Buffer): Counters {
  const [nextId, nextAccount] = unseal(key, record).map(Number) as [number, number]
  return { nextId, nextAccount }
}

/** The record of a removed account whose mailbox is still to be cleared away: it says all by its key, a number. */
export const REMOVED_RECORD = Buffer.alloc(1)

/** Throws `DamagedRecord`. Such a record has no CRC, so a key that is another number cannot be told. */
export function decodeRemoved(key: Buffer, record: Buffer): AccountNumber {
  if (key.length !== 4 || !record.equals(REMOVED_RECORD)) throw new DamagedRecord('not a removed account')
  return key.readUInt32BE(0)
}

/** `id`, `ref` of each */
export function encodeSentRefs(key: Buffer, refs: readonly SentRef[]): Buffer {
  let body = ''
  for (const { id, ref } of refs) body += `${id}\0${ref}\0`
  return seal(key, body)
}

export function decodeSentRefs(key: Buffer, record: Buffer): SentRef[] {
  const fields = unseal(key, record)
  const refs: SentRef[] = []
  for (let i = 0; i < fields.length; i += 2) {
    refs.push({ id: Number(fields[i]), ref: fields[i + 1] as ByteString })
  }
  return refs
}

/** A file that waits with a message: `id`, `size`. Its key is the message's account and seq. */
export function encodeAttachment(key: Buffer, { id, size }: AttachmentRecord): Buffer {
  return seal(key, `${id}\0${size}\0`)
}

export function decodeAttachment(key: Buffer, record: Buffer): AttachmentRecord {
  const [id, size] = unseal(key, record)
  return { id: id as AttachmentId, size: Number(size) }
}
