import type { AttachmentId } from '../../domain/attachments.ts'
import type { ByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'
import type { Envelope, MessageId, Seq } from '../../domain/message.ts'
import type { MailboxLimits } from '../../domain/store.ts'
import type { UserName } from '../../domain/user-name.ts'
import { overLimits } from '../mailbox-limits.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerAccount } from './ledger-account.ts'
import type { AccountNumber, StoredItem, StoredMessage } from './record.ts'

/** What became of a batch of messages. */
export interface Accepted {
  /** Of each, at its index: its id, or why it is refused. What is wrong with one says nothing about the others. */
  readonly outcomes: readonly (MessageId | Fault)[]
  /** The files that came with messages that are refused or were there already, to be removed once that is on disk. */
  readonly unwanted: ReadonlySet<AttachmentId>
}

/** What a confirmation changed. */
export interface Confirmed {
  /** Who has a receipt in the mailbox now. */
  readonly receivers: readonly UserName[]
  /** The files that went with their messages, to be removed once that is on disk. */
  readonly detached: readonly AttachmentId[]
}

/** What messages and confirmations change in a ledger: decided in memory, at once. */
export class Decisions {
  readonly #ledger: Ledger
  readonly #limits: MailboxLimits

  constructor(ledger: Ledger, limits: MailboxLimits) {
    this.#ledger = ledger
    this.#limits = limits
  }

  /** Decides about each message of a batch, in order. */
  accept(envelopes: readonly Envelope[]): Accepted {
    const unwanted = new Set<AttachmentId>()
    for (const { attachment } of envelopes) if (attachment !== undefined) unwanted.add(attachment.id)
    const outcomes = envelopes.map((envelope) => {
      try {
        return this.#take(envelope, unwanted)
      } catch (error) {
        return Fault.from(error)
      }
    })
    return { outcomes, unwanted }
  }

  /** Why a message of this size with a file of that size would be refused now. */
  refusal(recipient: ByteString, textBytes: number, fileBytes: number): Fault | undefined {
    const to = this.#ledger.accounts.get(recipient)
    if (to === undefined) return noSuchUser()
    const { count, bytes } = to.mailbox
    const allFiles = this.#ledger.attachments.bytes(to) + fileBytes
    return overLimits(this.#limits, count + 1, bytes + textBytes, allFiles)
  }

  /** Takes the items up to and including `seq` out of the mailbox: senders get receipts, receipts free their refs. */
  confirm(account: LedgerAccount, seq: Seq): Confirmed {
    const receivers = new Set<UserName>()
    const detached: AttachmentId[] = []
    let from: AccountNumber | undefined
    let sender: LedgerAccount | undefined
    for (const item of this.#ledger.confirm(account, seq)) {
      if (item.kind === 'receipt') {
        this.#freeRef(account, item)
        continue
      }
      // Messages that wait side by side are mostly of one sender.
      if (item.from !== from) {
        from = item.from
        sender = this.#senderOf(item)
        if (sender !== undefined) receivers.add(sender.name)
      }
      if (sender !== undefined) this.#putReceipt(sender, item, account.name)
      if (item.attachment === undefined) continue
      this.#ledger.attachments.detach(account, item.seq, item.attachment)
      detached.push(item.attachment.id)
    }
    return { receivers: [...receivers], detached }
  }

  /** A message went with its mailbox. */
  dropped(item: StoredItem): void {
    const sender = item.kind === 'message' ? this.#senderOf(item) : undefined
    if (sender !== undefined) this.#freeRef(sender, item)
  }

  /** @param unwanted loses the file of the message, if that is accepted with one. */
  #take(envelope: Envelope, unwanted: Set<AttachmentId>): MessageId | Fault {
    const ledger = this.#ledger
    const { sender, recipient, ref, text, acceptedAt, attachment } = envelope
    const from = ledger.accounts.get(sender)
    const to = ledger.accounts.get(recipient)
    if (from === undefined || to === undefined) return noSuchUser()
    const earlier = ref === '' ? undefined : ledger.sent(from).find(ref)
    if (earlier !== undefined) return earlier
    const { mailbox } = to
    const fileBytes = attachment === undefined ? 0 : ledger.attachments.bytes(to) + attachment.size
    const full = overLimits(this.#limits, mailbox.count + 1, mailbox.bytes + text.length, fileBytes)
    if (full !== undefined) return full
    if (attachment !== undefined) {
      ledger.attachments.attach(to, mailbox.next, attachment)
      unwanted.delete(attachment.id)
    }
    const id = ledger.takeId()
    if (ref !== '') {
      ledger.sent(from).add(ref, id)
      ledger.touch(from)
    }
    const seq = mailbox.next
    const item = { kind: 'message', seq, id, from: from.number, sender, ref, text, acceptedAt } as const
    ledger.append(to, attachment === undefined ? item : { ...item, attachment })
    return id
  }

  /** The recipient has a message: its sender gets a receipt. */
  #putReceipt(sender: LedgerAccount, { id, ref }: StoredMessage, recipient: UserName): void {
    const seq = sender.mailbox.next
    sender.sent?.delivered?.add(id)
    this.#ledger.append(sender, { kind: 'receipt', seq, id, ref, recipient })
  }

  /** The account that sent a message, unless it is gone or damaged. */
  #senderOf({ sender, from }: StoredMessage): LedgerAccount | undefined {
    const account = this.#ledger.accounts.intact(sender)
    return account?.number === from ? account : undefined
  }

  /** The receipt of a message is confirmed, or will never come: its ref may be used for another message. */
  #freeRef(sender: LedgerAccount, { ref, id }: StoredItem): void {
    if (ref === '') return
    const ledger = this.#ledger
    ledger.sent(sender).release(ref, id)
    ledger.touch(sender)
  }
}

function noSuchUser(): Fault {
  return new Fault('no-such-user', 'there is no such user')
}
