import { crc32 } from 'node:zlib'
import type { Attachment, AttachmentId } from '../../domain/attachments.ts'
import type { ByteString } from '../../domain/byte-string.ts'
import type { MessageItem, ReceiptItem, Seq } from '../../domain/message.ts'
import type { UserName } from '../../domain/user-name.ts'

/**
 * What stands in the files. Every record: one byte RECORD_VERSION, four bytes CRC-32 (big endian) over key and body,
 * then the body: fields, each ended by NUL, numbers in decimal.
 *
 * To change a body: raise RECORD_VERSION, keep decoding the old one, add a fixture of the old bytes to the tests.
 */
const RECORD_VERSION = 1
/** Of a record of items among which is one with a file; all others are as they were, so that an older version reads them. */
const ATTACHED_RECORD_VERSION = 2
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
function seal(key: Buffer, body: string, version = RECORD_VERSION): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + body.length)
  record[0] = version
  record.write(body, HEADER_BYTES, 'latin1')
  record.writeUInt32BE(crc32(record.subarray(HEADER_BYTES), crc32(key)), 1)
  return record
}

/** The fields of a record, checked. Throws `DamagedRecord`. @param latest the last version that such a record has. */
function unseal(key: Buffer, record: Buffer, latest = RECORD_VERSION): string[] {
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

/**
 * What one commit brought for one mailbox, as one record; the seqs follow one another. `firstSeq`, then for a
 * message `m` id from sender ref acceptedAt text, for a receipt `r` id ref recipient; for a message with a file `a`, the
 * fields of a message, then attachment name size sha256 mediaType.
 */
export function encodeItems(key: Buffer, items: readonly StoredItem[]): Buffer {
  let body = `${items[0]?.seq}\0`
  let version = RECORD_VERSION
  for (const item of items) {
    if (item.kind === 'message') {
      const { attachment } = item
      body += attachment === undefined ? 'm' : 'a'
      body += `\0${item.id}\0${item.from}\0${item.sender}\0${item.ref}\0${item.acceptedAt}\0${item.text}\0`
      if (attachment === undefined) continue
      const { id, name, size, sha256, mediaType } = attachment
      body += `${id}\0${name}\0${size}\0${sha256}\0${mediaType}\0`
      version = ATTACHED_RECORD_VERSION
    } else body += `r\0${item.id}\0${item.ref}\0${item.recipient}\0`
  }
  return seal(key, body, version)
}

export function decodeItems(key: Buffer, record: Buffer): StoredItem[] {
  const fields = unseal(key, record, ATTACHED_RECORD_VERSION)
  const items: StoredItem[] = []
  let seq = Number(fields[0])
  let i = 1
  while (i < fields.length) {
    if (fields[i] === 'm') {
      items.push(decodeMessage(fields, i, seq++))
      i += 7
    } else if (fields[i] === 'a') {
      items.push({ ...decodeMessage(fields, i, seq++), attachment: decodeDescriptor(fields, i + 7) })
      i += 12
    } else if (fields[i] === 'r') {
      items.push({
        kind: 'receipt',
        seq: seq++,
        id: Number(fields[i + 1]),
        ref: fields[i + 2] as ByteString,
        recipient: fields[i + 3] as UserName,
      })
      i += 4
    } else {
      throw new DamagedRecord('neither a message nor a receipt')
    }
  }
  return items
}

function decodeMessage(fields: readonly string[], at: number, seq: Seq): StoredMessage {
  return {
    kind: 'message',
    seq,
    id: Number(fields[at + 1]),
    from: Number(fields[at + 2]),
    sender: fields[at + 3] as UserName,
    ref: fields[at + 4] as ByteString,
    acceptedAt: Number(fields[at + 5]),
    text: fields[at + 6] as ByteString,
  }
}

function decodeDescriptor(fields: readonly string[], at: number): Attachment {
  const [id, name, size, sha256, mediaType] = fields.slice(at, at + 5) as ByteString[]
  if (mediaType === undefined) throw new DamagedRecord('a file is not described to its end')
  return { id, name, size: Number(size), sha256, mediaType } as Attachment
}

/** A file that waits with a message: `id`, `size`. Its key is the message's account and seq. */
export function encodeAttachment(key: Buffer, { id, size }: AttachmentRecord): Buffer {
  return seal(key, `${id}\0${size}\0`)
}

export function decodeAttachment(key: Buffer, record: Buffer): AttachmentRecord {
  const [id, size] = unseal(key, record)
  return { id: id as AttachmentId, size: Number(size) }
}
