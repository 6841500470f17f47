import type { Seq } from '../../domain/message.ts'
import type { Checked } from './checked.ts'
import type { Environment, Write } from './environment.ts'
import { decodeItems, encodeItems } from './item-record.ts'
import { allOf, numberKey, placeKey, readPlaceKey } from './keys.ts'
import { Mailbox } from './mailbox.ts'
import {
  type AccountNumber,
  type AttachmentRecord,
  decodeAttachment,
  decodeHead,
  decodeSentRefs,
  encodeHead,
  encodeSentRefs,
  type StoredItem,
} from './record.ts'
import { SentRefs } from './sent-refs.ts'

/** Bytes of text in one record at most, so that a mailbox is read in bearable pieces. */
const MAX_RECORD_BYTES = 256 * 1024
/** Records that one step of reading takes at most. */
const RECORDS_PER_READ = 64
/** The same for whoever looks through a mailbox beside the daily work. */
const RECORDS_PER_PAGE = 4
/** Records, and bytes of them, that one commit clears away of an account that was removed. */
const CLEARED_PER_COMMIT = 1000
const CLEARED_BYTES_PER_COMMIT = 1024 * 1024

/** A record that an account left behind when it was removed. */
export type Leftover = Pick<Write, 'table' | 'key'>

/** Who is told of what a removed account left behind, when it goes. */
export interface OnLeftovers {
  dropped(item: StoredItem): void
  detached(attachment: AttachmentRecord): void
}

/** One account's mailbox and refs as they stand in the records. */
export class MailboxRecords {
  readonly #environment: Environment
  readonly #checked: Checked

  constructor(environment: Environment, checked: Checked) {
    this.#environment = environment
    this.#checked = checked
  }

  /** The mailbox of an account; undefined if it never had one. */
  load(number: AccountNumber): Mailbox | undefined {
    const key = numberKey(number)
    const record = this.#environment.heads.get(key)
    if (record === undefined) return undefined
    const head = this.#checked('heads', key, () => decodeHead(key, record))
    return new Mailbox(head ?? this.#rebuildHead(number))
  }

  /** The refs of an account. */
  loadSent(number: AccountNumber): SentRefs {
    const sent = new SentRefs()
    for (const { key, value } of this.#environment.sent.getRange(allOf(number))) {
      const refs = this.#checked('sent', key, () => decodeSentRefs(key, value))
      if (refs !== undefined) sent.load(readPlaceKey(key).place, refs)
    }
    return sent
  }

  /** Adds what has changed in a mailbox and its account's refs to `writes`. */
  write(writes: Write[], number: AccountNumber, mailbox: Mailbox, sentRefs: SentRefs | undefined): void {
    const { heads, items, sent } = this.#environment
    // What was confirmed goes; a record that is confirmed in part stays, the head tells where it begins.
    for (const place of mailbox.takeConfirmedPlaces()) {
      writes.push({ table: items, key: placeKey(number, place) })
    }
    const unlisted = mailbox.takeUnlisted()
    if (unlisted !== undefined) {
      const [start, end] = unlisted
      const confirmed = { start: placeKey(number, start), end: placeKey(number, end) }
      for (const key of items.getKeys(confirmed)) writes.push({ table: items, key })
    }
    for (const part of parts(mailbox.beginWriting())) {
      const place = (part.at(-1) as StoredItem).seq
      const key = placeKey(number, place)
      mailbox.wrote(place)
      writes.push({ table: items, key, record: encodeItems(key, part) })
    }
    const headKey = numberKey(number)
    writes.push({ table: heads, key: headKey, record: encodeHead(headKey, mailbox) })
    for (const { place, refs } of sentRefs?.takeChanges() ?? []) {
      const key = placeKey(number, place)
      const record = refs.length === 0 ? undefined : encodeSentRefs(key, refs)
      writes.push({ table: sent, key, record })
    }
  }

  /** Reads on behind what is in memory. */
  cacheMore(number: AccountNumber, mailbox: Mailbox): void {
    const { cached, committed } = mailbox
    const range = { ...allOf(number), start: placeKey(number, cached.through + 1) }
    let room = RECORDS_PER_READ
    for (const { key, value } of this.#environment.items.getRange(range)) {
      for (const item of this.#decode(key, value)) {
        if (item.seq > cached.through && item.seq <= committed) mailbox.cache(item)
      }
      // A damaged record leaves a gap; the reader goes on behind it.
      cached.cover(Math.min(readPlaceKey(key).place, committed))
      if (cached.through >= committed || mailbox.full || --room === 0) return
    }
    cached.cover(committed)
  }

  /** The items after `after`, up to and including `through`. */
  read(number: AccountNumber, after: Seq, through: Seq): StoredItem[] {
    const found: StoredItem[] = []
    const range = { ...allOf(number), start: placeKey(number, after + 1) }
    for (const { key, value } of this.#environment.items.getRange(range)) {
      for (const item of this.#decode(key, value))
        if (item.seq > after && item.seq <= through) found.push(item)
      if (readPlaceKey(key).place >= through) break
    }
    return found
  }

  /** Some of the items after `after`, and the seq up to which these are all; undefined: there are no more. */
  page(
    number: AccountNumber,
    after: Seq,
  ): { readonly items: StoredItem[]; readonly through: Seq | undefined } {
    const items: StoredItem[] = []
    const range = { ...allOf(number), start: placeKey(number, after + 1), limit: RECORDS_PER_PAGE }
    let through: Seq | undefined
    for (const { key, value } of this.#environment.items.getRange(range)) {
      for (const item of this.#decode(key, value)) if (item.seq > after) items.push(item)
      through = readPlaceKey(key).place
    }
    return { items, through }
  }

  /** Some of the records of a removed account, its head last, and what is in them. Empty when there are none left. */
  leftovers(number: AccountNumber, { dropped, detached }: OnLeftovers): Leftover[] {
    const { heads, items, sent, attachments } = this.#environment
    const found: Leftover[] = []
    let bytes = 0
    // First, while the files can be found by them.
    for (const { key, value } of attachments.getRange({ ...allOf(number), limit: CLEARED_PER_COMMIT })) {
      const attachment = this.#checked('attachments', key, () => decodeAttachment(key, value))
      if (attachment !== undefined) detached(attachment)
      found.push({ table: attachments, key })
    }
    if (found.length > 0) return found
    for (const { key, value } of items.getRange({ ...allOf(number), limit: CLEARED_PER_COMMIT })) {
      for (const item of this.#decode(key, value)) dropped(item)
      found.push({ table: items, key })
      bytes += value.length
      if (bytes >= CLEARED_BYTES_PER_COMMIT) return found
    }
    for (const key of sent.getKeys({ ...allOf(number), limit: CLEARED_PER_COMMIT })) {
      found.push({ table: sent, key })
    }
    const head = numberKey(number)
    if (found.length === 0 && heads.get(head) !== undefined) found.push({ table: heads, key: head })
    return found
  }

  #decode(key: Buffer, value: Buffer): readonly StoredItem[] {
    return this.#checked('items', key, () => decodeItems(key, value)) ?? []
  }

  /**
   * A damaged head is made anew from the items. What was confirmed in part comes again, with its old seqs; new items
   * get seqs that no client has seen: microseconds since 1970 are far beyond any count (gaps mean nothing).
   */
  #rebuildHead(number: AccountNumber): ConstructorParameters<typeof Mailbox>[0] {
    const items = this.read(number, 0, Number.MAX_SAFE_INTEGER)
    const bytes = items.reduce((sum, item) => sum + (item.kind === 'message' ? item.text.length : 0), 0)
    const confirmed = (items[0]?.seq ?? 1) - 1
    return {
      confirmed,
      next: Math.max(Date.now() * 1000, (items.at(-1)?.seq ?? 0) + 1),
      count: items.length,
      bytes,
    }
  }
}

/** Cuts what one commit brought for a mailbox into records of a bearable size. */
function parts(items: readonly StoredItem[]): StoredItem[][] {
  const all: StoredItem[][] = []
  let room = 0
  for (const item of items) {
    if (room <= 0) {
      all.push([])
      room = MAX_RECORD_BYTES
    }
    all.at(-1)?.push(item)
    room -= item.kind === 'message' ? item.text.length : 0
  }
  return all
}
