import type { AttachmentId } from '../../domain/attachments.ts'
import type { Seq } from '../../domain/message.ts'
import type { Checked } from './checked.ts'
import type { Environment, Write } from './environment.ts'
import { allOf, numberKey, placeKey, readPlaceKey } from './keys.ts'
import type { LedgerAccount } from './ledger-account.ts'
import {
  type AccountNumber,
  type AttachmentRecord,
  decodeAttachment,
  decodeHead,
  encodeAttachment,
} from './record.ts'

/** The files that wait with messages, between memory and disk: a part of the ledger. */
export class AttachmentLedger {
  readonly #environment: Environment
  readonly #checked: Checked
  readonly #write: (write: Write) => void

  /** @param write takes what the next commit has to carry. */
  constructor(environment: Environment, checked: Checked, write: (write: Write) => void) {
    this.#environment = environment
    this.#checked = checked
    this.#write = write
  }

  /** Bytes of the files that wait with an account's messages. */
  bytes({ number, mailbox }: LedgerAccount): number {
    mailbox.attachmentBytes ??= this.#count(number)
    return mailbox.attachmentBytes
  }

  /** A file comes with the message of this seq. */
  attach(account: LedgerAccount, seq: Seq, attachment: AttachmentRecord): void {
    const key = placeKey(account.number, seq)
    account.mailbox.attachmentBytes = this.bytes(account) + attachment.size
    const record = encodeAttachment(key, attachment)
    this.#write({ table: this.#environment.attachments, key, record })
  }

  /** It goes with it. */
  detach(account: LedgerAccount, seq: Seq, { size }: AttachmentRecord): void {
    account.mailbox.attachmentBytes = this.bytes(account) - size
    this.#write({ table: this.#environment.attachments, key: placeKey(account.number, seq) })
  }

  /**
   * The files that messages refer to; undefined when nobody knows, because a record is damaged. What is left of a message
   * that has gone (its record was damaged when it was confirmed) is cleared away with the next commit.
   */
  referred(): Set<AttachmentId> | undefined {
    const { attachments, heads } = this.#environment
    const found = new Set<AttachmentId>()
    let known = true
    for (const { key, value } of attachments.getRange()) {
      const { account, place } = readPlaceKey(key)
      const headKey = numberKey(account)
      const head = heads.get(headKey)
      const confirmed = head && this.#checked('heads', headKey, () => decodeHead(headKey, head).confirmed)
      const file = this.#checked('attachments', key, () => decodeAttachment(key, value))
      if (place <= (confirmed ?? 0)) this.#write({ table: attachments, key })
      else if (file !== undefined) found.add(file.id)
      else known = false
    }
    return known ? found : undefined
  }

  #count(number: AccountNumber): number {
    let bytes = 0
    for (const { key, value } of this.#environment.attachments.getRange(allOf(number))) {
      bytes += this.#checked('attachments', key, () => decodeAttachment(key, value))?.size ?? 0
    }
    return bytes
  }
}
