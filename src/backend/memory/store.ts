import type { AttachmentId } from '../../domain/attachments.ts'
import type { ByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'
import type { Envelope, Item, MessageId, MessageItem } from '../../domain/message.ts'
import type { Account, MailboxLimits, Store, Survey } from '../../domain/store.ts'
import type { UserName } from '../../domain/user-name.ts'
import { firstSeq } from '../first-seq.ts'
import { ItemRun } from '../item-run.ts'
import { overLimits } from '../mailbox-limits.ts'
import { SmallSteps } from '../small-steps.ts'
import type { MemoryAttachments } from './attachments.ts'

interface MemoryAccount extends Account {
  readonly mailbox: ItemRun
  readonly refs: Map<ByteString, MessageId>
  verifier: ByteString
  bytes: number
  attachmentBytes: number
}

/** Who sent a message: the account, not the name, since a name may be registered again by somebody else. */
type Senders = Map<MessageId, MemoryAccount>

/** The store that keeps everything in memory and nothing after it: the reference for what a store must do, and the test bed. */
export function createMemoryStore(
  limits: MailboxLimits,
  attachments: Pick<MemoryAttachments, 'take' | 'remove'>,
): Store {
  const accounts = new Map<ByteString, MemoryAccount>()
  const senders: Senders = new Map()
  /** Files of the messages that the `append` under way accepts. */
  const kept = new Set<AttachmentId>()
  let nextId: MessageId = 0

  return {
    async createAccount(name, verifier) {
      if (accounts.has(name)) throw new Fault('user-exists', 'the name is in use')
      accounts.set(name, {
        name,
        verifier,
        mailbox: new ItemRun(firstSeq(nextId)),
        refs: new Map(),
        bytes: 0,
        attachmentBytes: 0,
      })
    },

    async removeAccount(name) {
      const { mailbox } = known(name)
      accounts.delete(name)
      for (const item of mailbox.dropThrough(mailbox.through)) {
        if (item.kind !== 'message') continue
        takeSender(item)?.refs.delete(item.ref)
        if (item.attachment !== undefined) attachments.remove(item.attachment.id)
      }
    },

    async setVerifier(name, verifier) {
      known(name).verifier = verifier
    },

    account: async (name) => accounts.get(name),

    async accounts(prefix, limit, after = '' as ByteString) {
      const names = [...accounts.keys()].filter((name) => name.startsWith(prefix) && name > after).sort()
      return names.slice(0, limit).map((name) => known(name))
    },

    async append(envelopes) {
      const outcomes = envelopes.map(accept)
      for (const { attachment } of envelopes) {
        if (attachment === undefined) continue
        if (kept.delete(attachment.id)) attachments.take(attachment.id)
        else attachments.remove(attachment.id)
      }
      return outcomes
    },

    async refusal(recipient, textBytes, fileBytes) {
      const to = accounts.get(recipient)
      if (to === undefined) return new Fault('no-such-user', 'there is no such user')
      const { mailbox, bytes, attachmentBytes } = to
      return overLimits(limits, mailbox.length + 1, bytes + textBytes, attachmentBytes + fileBytes)
    },

    async confirm(user, seq) {
      const account = accounts.get(user)
      const receivers = new Set<UserName>()
      for (const item of account?.mailbox.dropThrough(seq) ?? []) {
        if (account === undefined) break
        account.bytes -= itemBytes(item)
        if (item.kind === 'receipt') {
          account.refs.delete(item.ref)
          continue
        }
        if (item.attachment !== undefined) {
          account.attachmentBytes -= item.attachment.size
          attachments.remove(item.attachment.id)
        }
        const sender = takeSender(item)
        if (sender === undefined || accounts.get(sender.name) !== sender) continue
        put(sender, {
          kind: 'receipt',
          seq: sender.mailbox.through + 1,
          id: item.id,
          ref: item.ref,
          recipient: user,
        })
        receivers.add(sender.name)
      }
      return [...receivers]
    },

    async sent(sender, ref) {
      const id = accounts.get(sender)?.refs.get(ref)
      return id === undefined ? undefined : { id, delivered: !senders.has(id) }
    },

    read: (user, after, limit) => accounts.get(user)?.mailbox.after(after, limit) ?? [],
    waiting: async (user) => accounts.get(user)?.mailbox.length ?? 0,
    survey,
    release: () => {},
    failure: () => undefined,
    recovered: async () => {},
    close: async () => {},
  }

  function known(name: ByteString): MemoryAccount {
    const account = accounts.get(name)
    if (account === undefined) throw new Fault('no-such-user', 'there is no such user')
    return account
  }

  async function survey(): Promise<Survey> {
    const steps = new SmallSteps()
    const found = { accounts: 0, items: 0, bytes: 0, largest: 0 }
    let oldest: number | undefined
    for (const { mailbox, bytes } of accounts.values()) {
      if (steps.due) await steps.pause()
      found.accounts++
      found.items += mailbox.length
      found.bytes += bytes
      found.largest = Math.max(found.largest, mailbox.length)
      const first = mailbox.after(0, mailbox.length).find((item) => item.kind === 'message')
      if (first !== undefined) oldest = Math.min(oldest ?? first.acceptedAt, first.acceptedAt)
    }
    return { ...found, oldest }
  }

  function accept(envelope: Envelope): MessageId | Fault {
    const { sender: senderName, recipient, ref, text, acceptedAt, attachment } = envelope
    const sender = accounts.get(senderName)
    const to = accounts.get(recipient)
    if (sender === undefined || to === undefined) return new Fault('no-such-user', 'there is no such user')
    const earlier = ref === '' ? undefined : sender.refs.get(ref)
    if (earlier !== undefined) return earlier
    const fileBytes = attachment === undefined ? 0 : to.attachmentBytes + attachment.size
    const full = overLimits(limits, to.mailbox.length + 1, to.bytes + text.length, fileBytes)
    if (full !== undefined) return full
    if (attachment !== undefined) {
      to.attachmentBytes += attachment.size
      kept.add(attachment.id)
    }
    const id = nextId++
    if (ref !== '') sender.refs.set(ref, id)
    senders.set(id, sender)
    const seq = to.mailbox.through + 1
    const item = { kind: 'message', seq, id, sender: senderName, ref, text, acceptedAt } as const
    put(to, attachment === undefined ? item : { ...item, attachment })
    return id
  }

  /** Who sent a message that leaves its mailbox. */
  function takeSender({ id }: MessageItem): MemoryAccount | undefined {
    const sender = senders.get(id)
    senders.delete(id)
    return sender
  }

  function put(account: MemoryAccount, item: Item): void {
    account.mailbox.push(item)
    account.bytes += itemBytes(item)
  }
}

/** What an item counts towards the byte limit: its text. */
function itemBytes(item: Item): number {
  return item.kind === 'message' ? item.text.length : 0
}
