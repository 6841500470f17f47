import type { ByteString } from '../../domain/byte-string.ts'
import type { Environment, Write } from './environment.ts'
import { accountKey, numberKey } from './keys.ts'
import type { LedgerAccount } from './ledger-account.ts'
import type { MailboxRecords } from './mailbox-records.ts'
import { type AccountNumber, encodeAccount, REMOVED_RECORD } from './record.ts'

/** What one commit carries. */
export class Changes {
  /** Undefined: removed. */
  readonly accounts = new Map<ByteString, LedgerAccount | undefined>()
  readonly mailboxes = new Set<LedgerAccount>()
  readonly removed: AccountNumber[] = []
  /** Files that come and go, and what removed accounts left behind and goes now. */
  readonly others: Write[] = []

  /** Does it change this account? */
  has(account: LedgerAccount): boolean {
    return this.accounts.has(account.name) || this.mailboxes.has(account)
  }

  /** The records that it puts and removes. Asked once: mailboxes take note of what is on its way. */
  takeWrites({ accounts, removed }: Environment, records: MailboxRecords): Write[] {
    const writes = [...this.others]
    for (const [name, account] of this.accounts) {
      const key = accountKey(name)
      writes.push({ table: accounts, key, record: account && encodeAccount(key, account) })
    }
    for (const number of this.removed) {
      writes.push({ table: removed, key: numberKey(number), record: REMOVED_RECORD })
    }
    for (const { number, mailbox, sent } of this.mailboxes) records.write(writes, number, mailbox, sent)
    return writes
  }

  /** It is on disk. */
  committed(): void {
    for (const { mailbox } of this.mailboxes) mailbox.commit()
  }
}
