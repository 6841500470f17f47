import type { AttachmentId } from '../../domain/attachments.ts'
import { Fault } from '../../domain/fault.ts'
import type { Observer } from '../../domain/observer.ts'
import type { MailboxLimits, Store } from '../../domain/store.ts'
import type { UserName } from '../../domain/user-name.ts'
import { SmallSteps } from '../small-steps.ts'
import type { AttachmentFiles } from './attachment-files.ts'
import { Decisions } from './decisions.ts'
import { type Environment, openEnvironment } from './environment.ts'
import { createGroupCommit } from './group-commit.ts'
import { Ledger } from './ledger.ts'
import type { LedgerAccount } from './ledger-account.ts'
import type { StoredItem } from './record.ts'
import { createRecovery } from './recovery.ts'
import { surveyMailboxes } from './survey.ts'

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
  let { environment, ledger, decisions } = await open()
  const closing = new AbortController()
  const recovery = createRecovery({
    observer,
    closing: closing.signal,
    reopen,
    reopened() {
      clearing = clearing.then(clearRemoved)
    },
  })
  const commits = createGroupCommit({
    write: () => ledger.write(),
    committed: () => ledger.committed(),
    failed: recovery.failed,
  })
  let clearing = clearRemoved()

  const store: Store = {
    async createAccount(name, verifier) {
      assertReady()
      if (ledger.accounts.get(name) !== undefined) throw new Fault('user-exists', 'the name is in use')
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
      return ledger.accounts.get(name)
    },

    async accounts(prefix, limit, after) {
      assertReady()
      return ledger.accounts.list(prefix, limit, after)
    },

    async append(envelopes) {
      for (const { attachment } of envelopes) if (attachment !== undefined) files.take(attachment.id)
      assertReady()
      const { outcomes, unwanted } = decisions.accept(envelopes)
      await commits.join()
      if (unwanted.size > 0) await files.remove(unwanted)
      return outcomes
    },

    async refusal(recipient, textBytes, fileBytes) {
      assertReady()
      return decisions.refusal(recipient, textBytes, fileBytes)
    },

    async confirm(user, seq) {
      assertReady()
      const account = ledger.accounts.get(user)
      if (account === undefined) return []
      const { receivers, detached } = decisions.confirm(account, seq)
      // Nobody waits for it at a prompt, and the next SEND must not wait for a commit that has nothing but this.
      await commits.ride()
      if (detached.length > 0) await files.remove(detached)
      return receivers
    },

    async sent(sender, ref) {
      for (;;) {
        assertReady()
        const account = ledger.accounts.get(sender)
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
        const account = ledger.accounts.get(user)
        return account === undefined ? [] : files.withLost(ledger.read(account, after, limit))
      } catch (error) {
        return Promise.reject(error)
      }
    },

    async waiting(user) {
      assertReady()
      return ledger.accounts.get(user)?.mailbox.count ?? 0
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

    failure: () => recovery.failure,

    recovered: recovery.recovered,

    async close() {
      closing.abort()
      await commits.idle()
      await Promise.all([clearing, recovery.ended()])
      await environment.close()
    },
  }
  return store

  async function open(): Promise<{ environment: Environment; ledger: Ledger; decisions: Decisions }> {
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
      return { environment, ledger, decisions: new Decisions(ledger, limits) }
    } catch (error) {
      await environment.close()
      throw error
    }
  }

  /**
   * Everything in memory builds on what was lost, and the driver refuses an environment whose last page failed for ever:
   * so both are begun anew from the file.
   */
  async function reopen(): Promise<void> {
    await environment.close()
    ;({ environment, ledger, decisions } = await open())
    await ledger.probe()
  }

  /** Clears away what removed accounts left behind, piece by piece, beside the daily work. */
  async function clearRemoved(): Promise<void> {
    try {
      for (;;) {
        const detached: AttachmentId[] = []
        const told = {
          dropped: (item: StoredItem) => decisions.dropped(item),
          detached: ({ id }: { id: AttachmentId }) => void detached.push(id),
        }
        if (closing.signal.aborted || recovery.failure !== undefined || !ledger.clearRemoved(told)) break
        await commits.join()
        await files.remove(detached)
      }
    } catch (error) {
      // Goes on after a recovery, at the next start or the next removal.
      if (!(error instanceof Fault)) observer.internalError?.('clearing removed accounts', error)
    }
  }

  function known(name: UserName): LedgerAccount {
    assertReady()
    const account = ledger.accounts.get(name)
    if (account === undefined) throw new Fault('no-such-user', 'there is no such user')
    return account
  }

  /** Called before anything is looked up, so that making room for new accounts takes none that is in use. */
  function assertReady(): void {
    const { failure } = recovery
    if (failure !== undefined) throw new Fault('unavailable', failure)
    if (closing.signal.aborted) throw new Fault('unavailable', 'the store is closed')
    ledger.accounts.trim()
  }
}
