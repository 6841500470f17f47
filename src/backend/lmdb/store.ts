import { setTimeout } from 'node:timers/promises'
import type { AttachmentId } from '../../domain/attachments.ts'
import { Fault } from '../../domain/fault.ts'
import type { Envelope, Item, MessageId } from '../../domain/message.ts'
import type { Observer } from '../../domain/observer.ts'
import type { MailboxLimits, Store } from '../../domain/store.ts'
import type { UserName } from '../../domain/user-name.ts'
import { overLimits } from '../mailbox-limits.ts'
import { SmallSteps } from '../small-steps.ts'
import type { AttachmentFiles } from './attachment-files.ts'
import { type Environment, openEnvironment } from './environment.ts'
import { createGroupCommit } from './group-commit.ts'
import { Ledger } from './ledger.ts'
import type { LedgerAccount } from './ledger-account.ts'
import type { StoredItem, StoredMessage } from './record.ts'
import { surveyMailboxes } from './survey.ts'

/** How often a store that failed tries whether the disk takes writes again, in milliseconds. */
const PROBE_INTERVAL_MS = 500

const ACCOUNTS_IN_MEMORY = 100_000

/** What the durable store needs. */
export interface LmdbStoreOptions {
  /** The folder of the store; made if it is missing. */
  readonly folder: string
  readonly limits: MailboxLimits
  readonly files: AttachmentFiles
  readonly observer: Observer
  /** Accounts held in memory at a time; beyond that the ones that rest are read again when they are needed. */
  readonly accountsInMemory?: number
  /** Bytes of the log that begin a checkpoint. */
  readonly checkpointBytes?: number
}

/** Opens the durable store: decides in memory, at once; answers when the commit that carries the decision is synced (wire-protocol 3). Rejects when the folder cannot be used. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { folder, limits, files, observer, accountsInMemory = ACCOUNTS_IN_MEMORY, checkpointBytes } = options
  /** Files of the messages that the `append` under way accepts. */
  const kept = new Set<AttachmentId>()
  let { environment, ledger } = await open()
  let failure: string | undefined
  let probing: Promise<void> = Promise.resolve()
  const closing = new AbortController()
  let waitingForRecovery: (() => void)[] = []
  const commits = createGroupCommit({
    write: () => ledger.write(),
    committed: () => ledger.committed(),
    failed,
  })
  let clearing = clearRemoved()

  const store: Store = {
    async createAccount(name, verifier) {
      assertReady()
      if (ledger.account(name) !== undefined) throw new Fault('user-exists', 'the name is in use')
      ledger.create(name, verifier)
      await commits.join()
    },

    async removeAccount(name) {
      ledger.remove(known(name))
      await commits.join()
      clearing = clearing.then(clearRemoved)
    },

    async setVerifier(name, verifier) {
      ledger.setVerifier(known(name), verifier)
      await commits.join()
    },

    async account(name) {
      assertReady()
      return ledger.account(name)
    },

    async accounts(prefix, limit, after) {
      assertReady()
      return ledger.list(prefix, limit, after)
    },

    async append(envelopes) {
      const attached = attachedTo(envelopes)
      for (const id of attached) files.take(id)
      assertReady()
      const outcomes = envelopes.map(accept)
      const unwanted = attached.filter((id) => !kept.delete(id))
      await commits.join()
      if (unwanted.length > 0) await files.remove(unwanted)
      return outcomes
    },

    async refusal(recipient, textBytes, fileBytes) {
      assertReady()
      const to = ledger.account(recipient)
      if (to === undefined) return new Fault('no-such-user', 'there is no such user')
      const { count, bytes } = to.mailbox
      return overLimits(limits, count + 1, bytes + textBytes, ledger.attachments.bytes(to) + fileBytes)
    },

    async confirm(user, seq) {
      assertReady()
      const account = ledger.account(user)
      if (account === undefined) return []
      const receivers = new Set<UserName>()
      const detached: AttachmentId[] = []
      for (const item of ledger.confirm(account, seq)) {
        if (item.kind === 'receipt') freeRef(account, item)
        else if (putReceipt(item, user)) receivers.add(item.sender)
        if (item.kind !== 'message' || item.attachment === undefined) continue
        ledger.attachments.detach(account, item.seq, item.attachment)
        detached.push(item.attachment.id)
      }
      // Nobody waits for it at a prompt, and the next SEND must not wait for a commit that has nothing but this.
      await commits.ride()
      if (detached.length > 0) await files.remove(detached)
      return [...receivers]
    },

    async sent(sender, ref) {
      for (;;) {
        assertReady()
        const account = ledger.account(sender)
        const id = account && ledger.sent(account).find(ref)
        if (account === undefined || id === undefined) return undefined
        const delivered = await ledger.delivered(account, () => commits.join())
        // Released, or read anew, meanwhile.
        if (delivered === undefined || ledger.sent(account).find(ref) !== id) continue
        const found = { id, delivered: delivered.has(id) }
        // Whoever is told of a receipt must not lose it again.
        await commits.join()
        return found
      }
    },

    read(user, after, limit) {
      try {
        assertReady()
        const account = ledger.account(user)
        const items = account === undefined ? [] : ledger.read(account, after, limit)
        return files.missing.size === 0 ? items : items.map(lostOrNot)
      } catch (error) {
        return Promise.reject(error)
      }
    },

    async waiting(user) {
      assertReady()
      return ledger.account(user)?.mailbox.count ?? 0
    },

    async survey() {
      assertReady()
      const surveyed = environment
      return surveyMailboxes({
        environment: surveyed,
        lastAccount: ledger.lastAccount,
        steps: new SmallSteps(),
        assertReadable() {
          assertReady()
          if (environment !== surveyed) throw new Fault('unavailable', 'the store was opened anew')
        },
      })
    },

    release(user) {
      ledger.release(user)
    },

    failure: () => failure,

    recovered: () =>
      failure === undefined && !closing.signal.aborted
        ? Promise.resolve()
        : new Promise((resolve) => {
            waitingForRecovery.push(resolve)
          }),

    async close() {
      closing.abort()
      await commits.idle()
      await Promise.all([clearing, probing])
      await environment.close()
    },
  }
  return store

  async function open(): Promise<{ environment: Environment; ledger: Ledger }> {
    let damaged = false
    const onProblem = (where: string, error: unknown): void => {
      damaged = true
      observer.internalError?.(where, error)
    }
    const environment = await openEnvironment({
      folder,
      checkpointBytes,
      onProblem,
      onCheckpoint: (bytes, milliseconds) => observer.checkpointed?.(bytes, milliseconds),
    })
    try {
      const ledger = new Ledger({ environment, observer, accountsInMemory })
      const referred = ledger.attachments.referred()
      // What cannot be read may refer to files as well.
      if (referred !== undefined && !damaged) await files.sweep(referred)
      return { environment, ledger }
    } catch (error) {
      await environment.close()
      throw error
    }
  }

  /** Says of a file that is missing that it is: the message is served all the same. */
  function lostOrNot(item: Item): Item {
    if (item.kind !== 'message' || item.attachment === undefined) return item
    return files.missing.has(item.attachment.id)
      ? { ...item, attachment: { ...item.attachment, lost: true } }
      : item
  }

  /** Decides about one message. What is wrong with one says nothing about the others, so it is an outcome, never thrown. */
  function accept(envelope: Envelope): MessageId | Fault {
    try {
      return take(envelope)
    } catch (error) {
      return Fault.from(error)
    }
  }

  function take(envelope: Envelope): MessageId | Fault {
    const { sender, recipient, ref, text, acceptedAt, attachment } = envelope
    const from = ledger.account(sender)
    const to = ledger.account(recipient)
    if (from === undefined || to === undefined) return new Fault('no-such-user', 'there is no such user')
    const earlier = ref === '' ? undefined : ledger.sent(from).find(ref)
    if (earlier !== undefined) return earlier
    const { mailbox } = to
    const fileBytes = attachment === undefined ? 0 : ledger.attachments.bytes(to) + attachment.size
    const full = overLimits(limits, mailbox.count + 1, mailbox.bytes + text.length, fileBytes)
    if (full !== undefined) return full
    if (attachment !== undefined) {
      ledger.attachments.attach(to, mailbox.next, attachment)
      kept.add(attachment.id)
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

  /** The recipient has a message: its sender gets a receipt, unless that account is gone. */
  function putReceipt(item: StoredMessage, recipient: UserName): boolean {
    const sender = senderOf(item)
    if (sender === undefined) return false
    const seq = sender.mailbox.next
    sender.sent?.delivered?.add(item.id)
    ledger.append(sender, { kind: 'receipt', seq, id: item.id, ref: item.ref, recipient })
    return true
  }

  /** The account that sent a message, unless it is gone or damaged. */
  function senderOf({ sender, from }: StoredMessage): LedgerAccount | undefined {
    const account = ledger.intact(sender)
    return account?.number === from ? account : undefined
  }

  /** The receipt of a message is confirmed, or will never come: its ref may be used for another message. */
  function freeRef(sender: LedgerAccount, { ref, id }: StoredItem): void {
    if (ref === '') return
    ledger.sent(sender).release(ref, id)
    ledger.touch(sender)
  }

  /** Clears away what removed accounts left behind, piece by piece, beside the daily work. */
  async function clearRemoved(): Promise<void> {
    try {
      for (;;) {
        const detached: AttachmentId[] = []
        const told = { dropped, detached: ({ id }: { id: AttachmentId }) => void detached.push(id) }
        if (closing.signal.aborted || failure !== undefined || !ledger.clearRemoved(told)) break
        await commits.join()
        await files.remove(detached)
      }
    } catch (error) {
      // Goes on after a recovery, at the next start or the next removal.
      if (!(error instanceof Fault)) observer.internalError?.('clearing removed accounts', error)
    }
  }

  /** A message went with its mailbox. */
  function dropped(item: StoredItem): void {
    const sender = item.kind === 'message' ? senderOf(item) : undefined
    if (sender !== undefined) freeRef(sender, item)
  }

  /** A commit failed: nothing is acknowledged any more until the disk takes writes again (wire-protocol 3, 5). */
  function failed(error: unknown): void {
    failure = 'the store cannot write to its disk'
    observer.internalError?.('commit', error)
    observer.storeHealth?.(failure)
    probing = probe()
  }

  /**
   * Waits until the disk takes writes again. Everything in memory builds on what was lost, and the driver refuses an
   * environment whose last page failed for ever: so both are begun anew from the file.
   */
  async function probe(): Promise<void> {
    const { signal } = closing
    for (;;) {
      await setTimeout(PROBE_INTERVAL_MS, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      try {
        await environment.close()
        ;({ environment, ledger } = await open())
        await ledger.probe()
        break
      } catch {
        // Not yet.
      }
    }
    failure = undefined
    observer.storeHealth?.(undefined)
    clearing = clearing.then(clearRemoved)
    const waiting = waitingForRecovery
    waitingForRecovery = []
    for (const resume of waiting) resume()
  }

  function known(name: UserName): LedgerAccount {
    assertReady()
    const account = ledger.account(name)
    if (account === undefined) throw new Fault('no-such-user', 'there is no such user')
    return account
  }

  /** Called before anything is looked up, so that making room for new accounts takes none that is in use. */
  function assertReady(): void {
    if (failure !== undefined) throw new Fault('unavailable', failure)
    if (closing.signal.aborted) throw new Fault('unavailable', 'the store is closed')
    ledger.trim()
  }
}

const NONE: readonly AttachmentId[] = []

/** The files of a batch; most have none. */
function attachedTo(envelopes: readonly Envelope[]): readonly AttachmentId[] {
  let found: AttachmentId[] | undefined
  for (const { attachment } of envelopes) {
    if (attachment === undefined) continue
    found ??= []
    found.push(attachment.id)
  }
  return found ?? NONE
}
