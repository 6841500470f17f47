import { crc32 } from 'node:zlib'
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

/** A record whose CRC, version or fields are wrong. */
export class DamagedRecord extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'DamagedRecord'
  }
}

/** Puts header and body together. The key goes into the CRC: a record in another's place is damage too. */
function seal(key: Buffer, body: string): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + body.length)
  record[0] = RECORD_VERSION
  record.write(body, HEADER_BYTES, 'latin1')
  record.writeUInt32BE(crc32(record.subarray(HEADER_BYTES), crc32(key)), 1)
  return record
}

/** The fields of a record, checked. Throws `DamagedRecord`. */
function unseal(key: Buffer, record: Buffer): string[] {
  if (record.length <= HEADER_BYTES) throw new DamagedRecord('too short')
  if (record[0] !== RECORD_VERSION) throw new DamagedRecord(`unknown record version ${record[0]}`)
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
 * message `m` id from sender ref acceptedAt text, for a receipt `r` id ref recipient.
 */
export function encodeItems(key: Buffer, items: readonly StoredItem[]): Buffer {
  let body = `${items[0]?.seq}\0`
  for (const item of items) {
    body +=
      item.kind === 'message'
        ? `m\0${item.id}\0${item.from}\0${item.sender}\0${item.ref}\0${item.acceptedAt}\0${item.text}\0`
        : `r\0${item.id}\0${item.ref}\0${item.recipient}\0`
  }
  return seal(key, body)
}

export function decodeItems(key: Buffer, record: Buffer): StoredItem[] {
  const fields = unseal(key, record)
  const items: StoredItem[] = []
  let seq = Number(fields[0])
  let i = 1
  while (i < fields.length) {
    if (fields[i] === 'm') {
      items.push({
        kind: 'message',
        seq: seq++,
        id: Number(fields[i + 1]),
        from: Number(fields[i + 2]),
        sender: fields[i + 3] as UserName,
        ref: fields[i + 4] as ByteString,
        acceptedAt: Number(fields[i + 5]),
        text: fields[i + 6] as ByteString,
      })
      i += 7
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
