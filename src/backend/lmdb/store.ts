import { Fault } from '../../domain/fault.ts'
import type { Envelope, MessageId } from '../../domain/message.ts'
import type { Observer } from '../../domain/observer.ts'
import type { MailboxLimits, Store } from '../../domain/store.ts'
import type { UserName } from '../../domain/user-name.ts'
import { openEnvironment } from './environment.ts'
import { createGroupCommit } from './group-commit.ts'
import { Ledger, type LedgerAccount } from './ledger.ts'
import type { StoredItem } from './record.ts'

/** How often a store that failed tries whether the disk takes writes again, in milliseconds. */
const PROBE_INTERVAL_MS = 500

/** What the durable store needs. */
export interface LmdbStoreOptions {
  /** The folder of the store; made if it is missing. */
  readonly folder: string
  readonly limits: MailboxLimits
  readonly observer: Observer
}

/** Opens the durable store: decides in memory, at once; answers when the commit that carries the decision is synced (wire-protocol 3). Throws when the folder cannot be used. */
export function openLmdbStore({ folder, limits, observer }: LmdbStoreOptions): Store {
  const environment = openEnvironment(folder)
  const ledger = new Ledger(environment, observer)
  let failure: string | undefined
  let closed = false
  let waitingForRecovery: (() => void)[] = []
  const commits = createGroupCommit({
    write: () => ledger.write(),
    committed: () => ledger.committed(),
    failed,
  })
  let clearing = clearRemoved()

  const store: Store = {
    async createAccount(name, verifier) {
      assertWell()
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
      assertWell()
      return ledger.account(name)
    },

    async accounts(prefix, limit) {
      assertWell()
      return ledger.list(prefix, limit)
    },

    async append(envelopes) {
      assertWell()
      const outcomes = envelopes.map(accept)
      await commits.join()
      return outcomes
    },

    async confirm(user, seq) {
      assertWell()
      const account = ledger.account(user)
      if (account === undefined) return []
      const receivers = new Set<UserName>()
      for (const item of ledger.confirm(account, seq)) {
        if (item.kind === 'receipt') release(account, item)
        else if (putReceipt(item, user)) receivers.add(item.sender)
      }
      await commits.join()
      return [...receivers]
    },

    read(user, after, limit) {
      if (failure !== undefined) return Promise.reject(unavailable())
      const account = ledger.account(user)
      return account === undefined ? [] : ledger.read(account, after, limit)
    },

    async waiting(user) {
      assertWell()
      return ledger.account(user)?.mailbox.count ?? 0
    },

    release(user) {
      const account = failure === undefined ? ledger.account(user) : undefined
      if (account !== undefined) ledger.release(account)
    },

    failure: () => failure,

    recovered: () =>
      failure === undefined
        ? Promise.resolve()
        : new Promise((resolve) => {
            waitingForRecovery.push(resolve)
          }),

    async close() {
      closed = true
      await commits.idle()
      await clearing
      await environment.close()
    },
  }
  return store

  function accept({ sender, recipient, ref, text, acceptedAt }: Envelope): MessageId | Fault {
    const from = ledger.account(sender)
    const to = ledger.account(recipient)
    if (from === undefined || to === undefined) return new Fault('no-such-user', 'there is no such user')
    const earlier = ref === '' ? undefined : ledger.sent(from).find(ref)
    if (earlier !== undefined) return earlier
    const { mailbox } = to
    if (mailbox.count >= limits.items || mailbox.bytes + text.length > limits.bytes) {
      return new Fault('mailbox-full', 'the mailbox of the recipient is full')
    }
    const id = ledger.takeId()
    if (ref !== '') {
      ledger.sent(from).add(ref, id)
      ledger.touch(from)
    }
    const seq = mailbox.next
    ledger.append(to, { kind: 'message', seq, id, from: from.number, sender, ref, text, acceptedAt })
    return id
  }

  /** The recipient has a message: its sender gets a receipt, unless that account is gone. */
  function putReceipt(item: StoredItem & { kind: 'message' }, recipient: UserName): boolean {
    const sender = ledger.account(item.sender)
    if (sender === undefined || sender.number !== item.from) return false
    const seq = sender.mailbox.next
    ledger.append(sender, { kind: 'receipt', seq, id: item.id, ref: item.ref, recipient })
    return true
  }

  /** The sender has the receipt: its ref may be used for another message. */
  function release(sender: LedgerAccount, { ref }: StoredItem): void {
    if (ref === '') return
    ledger.sent(sender).release(ref)
    ledger.touch(sender)
  }

  /** Clears away what removed accounts left behind, piece by piece, beside the daily work. */
  async function clearRemoved(): Promise<void> {
    while (!closed && failure === undefined) {
      const step = ledger.clearRemoved((item) => {
        if (item.kind !== 'message') return
        const sender = ledger.account(item.sender)
        if (sender?.number === item.from) release(sender, item)
      })
      if (step === undefined) return
      try {
        await step
        await commits.join()
      } catch {
        // Goes on at the next start or the next removal.
        return
      }
    }
  }

  /** A commit failed: nothing is acknowledged any more until the disk takes writes again (wire-protocol 3, 5). */
  function failed(error: unknown): void {
    quiet(error)
    ledger.reload()
    if (failure !== undefined) return
    failure = 'the store cannot write to its disk'
    observer.internalError?.('commit', error)
    observer.storeHealth?.(failure)
    void probe()
  }

  async function probe(): Promise<void> {
    while (!closed) {
      await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS).unref())
      try {
        await ledger.probe()
        break
      } catch (error) {
        quiet(error)
      }
    }
    ledger.reload()
    failure = undefined
    observer.storeHealth?.(undefined)
    const waiting = waitingForRecovery
    waitingForRecovery = []
    for (const resume of waiting) resume()
  }

  function known(name: UserName): LedgerAccount {
    assertWell()
    const account = ledger.account(name)
    if (account === undefined) throw new Fault('no-such-user', 'there is no such user')
    return account
  }

  function assertWell(): void {
    if (failure !== undefined) throw unavailable()
  }

  function unavailable(): Fault {
    return new Fault('unavailable', failure ?? 'the store is not available')
  }
}

/** The driver's error holds a second promise, which ends the process if nobody catches it. */
function quiet(error: unknown): void {
  const { commitError } = error as { commitError?: Promise<unknown> }
  commitError?.catch(() => {})
}
