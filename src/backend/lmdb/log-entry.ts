import { crc32 } from 'node:zlib'

/**
 * A segment of the log: eight bytes that say what it is, then entries. An entry: four bytes length of its body, four
 * bytes CRC-32 of all the others, four bytes number of the segment (all big endian), then the body: for each write one
 * byte table, one byte length of the key, four bytes length of the record (REMOVED: none), key, record.
 *
 * Behind the last entry may follow zeros, room that was made ahead of it, and entries of an earlier segment, whose file
 * this one was given: their number tells them.
 *
 * To change this: another MAGIC, and keep reading the old ones. Version 1 had no number in its entries, nor used files again.
 */
const MAGIC = Buffer.from('dms log2')
const MAGIC_1 = Buffer.from('dms log1')
const ENTRY_HEADER_BYTES = 12
const ENTRY_HEADER_BYTES_1 = 8
const CRC_AT = 4
const NUMBER_AT = 8
const WRITE_HEADER_BYTES = 6
const REMOVED = 0xffff_ffff

/** The tables that a log speaks of, by the number that stands for each in an entry. Never renumbered. */
export const TABLES = ['accounts', 'heads', 'items', 'sent', 'removed', 'counters', 'attachments'] as const

/** A table by name. */
export type TableName = (typeof TABLES)[number]

/** A record to put, or to remove when there is none. */
export interface LoggedWrite {
  readonly table: TableName
  readonly key: Buffer
  readonly record: Buffer | undefined
}

/** What stands at one place of a segment: an entry, or something that cannot be read although more follows. */
export type LogFinding =
  /** `end`: the byte behind the entry. */
  | { readonly writes: readonly LoggedWrite[]; readonly end: number }
  | { readonly at: number; readonly problem: string }

const TABLE_NUMBERS: ReadonlyMap<TableName, number> = new Map(TABLES.map((name, number) => [name, number]))

/** How a segment begins. */
export function encodeSegmentHeader(): Buffer {
  return MAGIC
}

/** The bytes of one entry. @param segment the number of the segment that it stands in. */
export function encodeEntry(writes: readonly LoggedWrite[], segment: number): Buffer {
  let length = ENTRY_HEADER_BYTES
  for (const { key, record } of writes) length += WRITE_HEADER_BYTES + key.length + (record?.length ?? 0)
  const entry = Buffer.allocUnsafe(length)
  let at = ENTRY_HEADER_BYTES
  for (const { table, key, record } of writes) {
    entry[at] = TABLE_NUMBERS.get(table) as number
    entry[at + 1] = key.length
    entry.writeUInt32BE(record === undefined ? REMOVED : record.length, at + 2)
    at += WRITE_HEADER_BYTES
    at += key.copy(entry, at)
    if (record !== undefined) at += record.copy(entry, at)
  }
  entry.writeUInt32BE(length - ENTRY_HEADER_BYTES, 0)
  entry.writeUInt32BE(segment, NUMBER_AT)
  entry.writeUInt32BE(checksum(entry), CRC_AT)
  return entry
}

/**
 * Reads a segment. What is cut off, or wrong with nothing good behind it, is where the log ends: it was never acknowledged.
 * @param segment its number.
 */
export function* decodeSegment(bytes: Buffer, segment: number): Generator<LogFinding> {
  const magic = bytes.subarray(0, MAGIC.length)
  const headerBytes = magic.equals(MAGIC) ? ENTRY_HEADER_BYTES : ENTRY_HEADER_BYTES_1
  if (!magic.equals(MAGIC) && !magic.equals(MAGIC_1)) {
    // An empty beginning is a segment that was begun when the power went.
    if (bytes.some((byte) => byte !== 0) && bytes.length >= MAGIC.length) {
      yield { at: 0, problem: 'this is not a segment of a log that this version knows' }
    }
    return
  }
  let damagedAt: number | undefined
  for (let at = MAGIC.length; at < bytes.length; ) {
    const entry = entryAt(bytes, at, headerBytes)
    const number = entry === undefined || headerBytes < ENTRY_HEADER_BYTES ? segment : numberOf(entry)
    // The file was given to a later segment while it was read: the tree has all that stood in it.
    if (number > segment) return
    const writes = entry === undefined ? undefined : decodeWrites(entry, headerBytes)
    if (entry === undefined || writes === undefined) {
      // Its length may be what is damaged, so the next entry is looked for from here on. No text passes for one: texts
      // have no NUL, and a length without a NUL is that of 16 MB and more, whose CRC nobody can know beforehand.
      damagedAt ??= at
      at++
      continue
    }
    at += entry.length
    // What an earlier segment left: the log ended before it, unless what follows says otherwise.
    if (number < segment) continue
    if (damagedAt !== undefined) yield { at: damagedAt, problem: 'an entry is damaged' }
    damagedAt = undefined
    yield { writes, end: at }
  }
}

/** The entry at this place; undefined if none begins here. */
function entryAt(bytes: Buffer, at: number, headerBytes: number): Buffer | undefined {
  if (at + headerBytes + WRITE_HEADER_BYTES > bytes.length) return undefined
  const end = at + headerBytes + bytes.readUInt32BE(at)
  // What can be no entry is told from one without going through all of it.
  if (end > bytes.length || (bytes[at + headerBytes] as number) >= TABLES.length) return undefined
  const entry = bytes.subarray(at, end)
  return entry.length > headerBytes && entry.readUInt32BE(CRC_AT) === checksum(entry) ? entry : undefined
}

function numberOf(entry: Buffer): number {
  return entry.readUInt32BE(NUMBER_AT)
}

/** Over all of an entry but the checksum itself, in either version. */
function checksum(entry: Buffer): number {
  return crc32(entry.subarray(CRC_AT + 4), crc32(entry.subarray(0, CRC_AT)))
}

function decodeWrites(entry: Buffer, headerBytes: number): LoggedWrite[] | undefined {
  const writes: LoggedWrite[] = []
  for (let at = headerBytes; at < entry.length; ) {
    const table = TABLES[entry[at] as number]
    const keyEnd = at + WRITE_HEADER_BYTES + (entry[at + 1] as number)
    const recordLength = entry.readUInt32BE(at + 2)
    const end = keyEnd + (recordLength === REMOVED ? 0 : recordLength)
    if (table === undefined || end > entry.length) return undefined
    const key = entry.subarray(at + WRITE_HEADER_BYTES, keyEnd)
    writes.push({ table, key, record: recordLength === REMOVED ? undefined : entry.subarray(keyEnd, end) })
    at = end
  }
  return writes
}
