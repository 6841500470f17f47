import type { ByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'
import { MAX_NAME_BYTES, type UserName } from '../../domain/user-name.ts'
import type { Changes } from './changes.ts'
import type { Checked } from './checked.ts'
import type { Environment } from './environment.ts'
import { accountKey, accountName } from './keys.ts'
import type { LedgerAccount } from './ledger-account.ts'
import type { MailboxRecords } from './mailbox-records.ts'
import { decodeAccount } from './record.ts'

/** What the accounts in memory work with. */
export interface AccountsOptions {
  readonly environment: Pick<Environment, 'accounts'>
  readonly checked: Checked
  readonly records: MailboxRecords
  /** How many are held at a time; beyond that the ones that rest are read again when they are needed. */
  readonly most: number
  /** What is not on disk yet, newest first. */
  readonly onTheWay: () => readonly Changes[]
}

/** The accounts of a ledger: read when they are needed, and held in memory for a while. */
export class AccountsInMemory {
  readonly #environment: AccountsOptions['environment']
  readonly #checked: Checked
  readonly #records: MailboxRecords
  readonly #most: number
  readonly #onTheWay: () => readonly Changes[]
  readonly #accounts = new Map<ByteString, LedgerAccount>()

  constructor({ environment, checked, records, most, onTheWay }: AccountsOptions) {
    this.#environment = environment
    this.#checked = checked
    this.#records = records
    this.#most = most
    this.#onTheWay = onTheWay
  }

  /** The account of that name. Throws `unavailable` when its record is damaged. */
  get(name: ByteString): LedgerAccount | undefined {
    return this.#accounts.get(name) ?? this.#load(name)
  }

  /** The same, and undefined also where its record is damaged (which is reported). */
  intact(name: ByteString): LedgerAccount | undefined {
    try {
      return this.get(name)
    } catch {
      return undefined
    }
  }

  /** The same, and undefined also where it would have to be read. */
  held(name: ByteString): LedgerAccount | undefined {
    return this.#accounts.get(name)
  }

  /** There is a new one. */
  add(account: LedgerAccount): void {
    this.#accounts.set(account.name, account)
  }

  /** There is one less. */
  delete({ name }: LedgerAccount): void {
    this.#accounts.delete(name)
  }

  /** Accounts in the order of their names. */
  list(prefix: ByteString, limit: number, after = '' as ByteString): LedgerAccount[] {
    if (prefix.length > MAX_NAME_BYTES) return []
    const names = new Set<ByteString>()
    // What is not on disk yet counts too; it is little.
    for (const { accounts } of this.#onTheWay()) {
      for (const name of accounts.keys()) if (name.startsWith(prefix) && name > after) names.add(name)
    }
    const most = names.size + limit
    const start = accountKey(prefix > after ? prefix : after)
    for (const key of this.#environment.accounts.getKeys({ start })) {
      const name = accountName(key)
      if (name === after) continue
      if (!name.startsWith(prefix) || names.size >= most) break
      names.add(name)
    }
    const found = [...names].sort().map((name) => this.intact(name))
    return found.filter((account) => account !== undefined).slice(0, limit)
  }

  /** Makes room for new accounts: of those that rest, the ones that came first go. Who holds an account must not call this. */
  trim(): void {
    if (this.#accounts.size <= this.#most) return
    let surplus = this.#accounts.size - Math.floor(this.#most * 0.9)
    const onTheWay = this.#onTheWay()
    for (const [name, account] of this.#accounts) {
      if (!account.mailbox.idle || onTheWay.some((changes) => changes.has(account))) continue
      this.#accounts.delete(name)
      if (--surplus === 0) return
    }
  }

  #load(name: ByteString): LedgerAccount | undefined {
    for (const { accounts } of this.#onTheWay()) {
      if (accounts.has(name)) return accounts.get(name)
    }
    if (name.length === 0 || name.length > MAX_NAME_BYTES) return undefined
    const key = accountKey(name)
    const record = this.#environment.accounts.get(key)
    if (record === undefined) return undefined
    const found = this.#checked('accounts', key, () => decodeAccount(key, record))
    const mailbox = found && this.#records.load(found.number)
    // Not "no such user": nobody else may take a name over because its record is damaged.
    if (found === undefined || mailbox === undefined) {
      throw new Fault('unavailable', 'the record of this user is damaged')
    }
    const account: LedgerAccount = { name: name as UserName, ...found, mailbox, sent: undefined }
    this.#accounts.set(account.name, account)
    return account
  }
}
