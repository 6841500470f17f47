import type { ByteString } from '../../domain/byte-string.ts'
import type { MessageId, Seq } from '../../domain/message.ts'
import type { Observer } from '../../domain/observer.ts'
import type { UserName } from '../../domain/user-name.ts'
import { firstSeq } from '../first-seq.ts'
import { AccountsInMemory } from './accounts-in-memory.ts'
import { AttachmentLedger } from './attachment-ledger.ts'
import { Changes } from './changes.ts'
import { createChecked } from './checked.ts'
import { findDelivered } from './delivered.ts'
import type { Environment } from './environment.ts'
import type { LedgerAccount } from './ledger-account.ts'
import { Mailbox } from './mailbox.ts'
import { MailboxRecords, type OnLeftovers } from './mailbox-records.ts'
import {
  type AccountNumber,
  type Counters,
  decodeCounters,
  encodeCounters,
  type StoredItem,
} from './record.ts'
import type { SentRefs } from './sent-refs.ts'

/** What a ledger works with. */
export interface LedgerOptions {
  readonly environment: Environment
  readonly observer: Observer
  /** Accounts held in memory at a time; beyond that the ones that rest are read again when they are needed. */
  readonly accountsInMemory: number
}

const COUNTERS_KEY = Buffer.from('counters')

/**
 * Accounts and mailboxes between memory and disk: reads what is needed, remembers what has changed, and hands all
 * changes to the driver in one turn, which makes them one transaction. Decides nothing.
 */
export class Ledger {
  /** Its accounts. */
  readonly accounts: AccountsInMemory
  /** The files that wait with messages. */
  readonly attachments: AttachmentLedger
  readonly #environment: Environment
  readonly #observer: Observer
  readonly #records: MailboxRecords
  readonly #counters: Counters
  #changes = new Changes()
  /** Handed to the driver, not on disk yet. */
  #writing = new Changes()
  #writingBytes = 0
  #writingSince = 0

  /** Throws when the store's counters cannot be read. */
  constructor({ environment, observer, accountsInMemory }: LedgerOptions) {
    this.#environment = environment
    this.#observer = observer
    const checked = createChecked(observer)
    this.#records = new MailboxRecords(environment, checked)
    this.accounts = new AccountsInMemory({
      environment,
      checked,
      records: this.#records,
      most: accountsInMemory,
      onTheWay: () => [this.#changes, this.#writing],
    })
    this.attachments = new AttachmentLedger(environment, checked, (write) => {
      this.#changes.others.push(write)
    })
    this.#counters = this.#loadCounters()
  }

  /** Opens an account under a number that no other ever had. */
  create(name: UserName, verifier: ByteString): void {
    const number = this.#counters.nextAccount++
    const confirmed = firstSeq(this.#counters.nextId) - 1
    const mailbox = new Mailbox({ confirmed, next: confirmed + 1, count: 0, bytes: 0 })
    const account: LedgerAccount = { name, number, verifier, mailbox, sent: undefined }
    this.accounts.add(account)
    this.#changes.accounts.set(name, account)
    this.#changes.mailboxes.add(account)
  }

  /** Sets the credential. */
  setVerifier(account: LedgerAccount, verifier: ByteString): void {
    account.verifier = verifier
    this.#changes.accounts.set(account.name, account)
  }

  /**
   * Takes an account out; its mailbox goes with it, in pieces (`clearRemoved`). What is on its way into the mailbox is
   * still written, so that it is found and its refs become free.
   */
  remove(account: LedgerAccount): void {
    this.accounts.delete(account)
    this.#changes.accounts.set(account.name, undefined)
    this.#changes.removed.push(account.number)
  }

  /** The last account number that was given out. */
  get lastAccount(): AccountNumber {
    return this.#counters.nextAccount - 1
  }

  /** The next message id. */
  takeId(): number {
    return this.#counters.nextId++
  }

  /** Puts an item into a mailbox. */
  append(account: LedgerAccount, item: StoredItem): void {
    account.mailbox.append(item)
    this.#changes.mailboxes.add(account)
  }

  /** Takes every committed item up to and including `seq` out of the mailbox and returns them. */
  confirm(account: LedgerAccount, seq: Seq): readonly StoredItem[] {
    const { mailbox, number } = account
    const through = Math.min(seq, mailbox.committed)
    if (through <= mailbox.confirmed) return []
    const items = mailbox.confirm(through) ?? this.#records.read(number, mailbox.confirmed, through)
    mailbox.leave(items, through)
    this.#changes.mailboxes.add(account)
    return items
  }

  /** At most `limit` committed, unconfirmed items after `after`. */
  read(account: LedgerAccount, after: Seq, limit: number): readonly StoredItem[] {
    const { mailbox, number } = account
    const from = Math.max(after, mailbox.confirmed)
    mailbox.readFrom(from)
    let found = mailbox.cached.after(from, limit)
    // Several steps where damaged records left a gap.
    while (found.length === 0 && mailbox.cached.through < mailbox.committed) {
      this.#records.cacheMore(number, mailbox)
      found = mailbox.cached.after(from, limit)
    }
    return found
  }

  /** The refs that an account has in use; who changes them calls `touch`. */
  sent(account: LedgerAccount): SentRefs {
    account.sent ??= this.#records.loadSent(account.number)
    return account.sent
  }

  /** The messages of this account whose receipts wait. Undefined: the account was read anew while they were looked for. */
  async delivered(
    account: LedgerAccount,
    synced: () => Promise<void>,
  ): Promise<ReadonlySet<MessageId> | undefined> {
    const sent = this.sent(account)
    sent.lookup ??= findDelivered(this.#records, account, sent, synced)
    const ids = await sent.lookup
    return this.accounts.held(account.name) === account && account.sent === sent ? ids : undefined
  }

  /** Something of this account has changed. */
  touch(account: LedgerAccount): void {
    this.#changes.mailboxes.add(account)
  }

  /** Writes everything that has changed, as one transaction. Undefined if nothing has. */
  write(): Promise<unknown> | undefined {
    const changes = this.#changes
    this.#writing = changes
    this.#changes = new Changes()
    const writes = changes.takeWrites(this.#environment, this.#records)
    if (writes.length === 0) return undefined
    const record = encodeCounters(COUNTERS_KEY, this.#counters)
    writes.push({ table: this.#environment.counters, key: COUNTERS_KEY, record })
    if (this.#observer.committed !== undefined) {
      this.#writingSince = performance.now()
      this.#writingBytes = writes.reduce((sum, { record }) => sum + (record?.length ?? 0), 0)
    }
    return this.#environment.commit(writes)
  }

  /** The last `write` is on disk. */
  committed(): void {
    this.#observer.committed?.(this.#writingBytes, performance.now() - this.#writingSince)
    this.#writing.committed()
    this.#writing = new Changes()
  }

  /** A write that changes nothing, to see whether the disk takes writes. */
  probe(): Promise<unknown> {
    const record = encodeCounters(COUNTERS_KEY, this.#counters)
    return this.#environment.commit([{ table: this.#environment.counters, key: COUNTERS_KEY, record }])
  }

  /** Nobody reads this user's mailbox for now: what was read can go. */
  release(name: ByteString): void {
    const account = this.accounts.held(name)
    if (account === undefined) return
    account.mailbox.release()
    // Refs that are not on disk yet are nowhere else.
    if (!this.#changes.has(account) && !this.#writing.has(account)) account.sent = undefined
  }

  /**
   * Clears away some of what removed accounts left behind, with the next commit. Messages that go with it will never
   * have a receipt: `dropped` is told of each, to free its ref in the same commit; `detached` of files, to be removed
   * after it. False when nothing is left to clear.
   */
  clearRemoved(told: OnLeftovers): boolean {
    const { removed } = this.#environment
    for (const owner of removed.getKeys({ limit: 1 })) {
      const leftovers = this.#records.leftovers(owner.readUInt32BE(0), told)
      this.#changes.others.push(...(leftovers.length > 0 ? leftovers : [{ table: removed, key: owner }]))
      return true
    }
    return false
  }

  #loadCounters(): Counters {
    const record = this.#environment.counters.get(COUNTERS_KEY)
    return record === undefined ? { nextId: 0, nextAccount: 1 } : decodeCounters(COUNTERS_KEY, record)
  }
}
