import type { ByteString } from '../../domain/byte-string.ts'
import type { UserName } from '../../domain/user-name.ts'
import type { Mailbox } from './mailbox.ts'
import type { AccountNumber } from './record.ts'
import type { SentRefs } from './sent-refs.ts'

/** An account in memory. */
export interface LedgerAccount {
  readonly name: UserName
  readonly number: AccountNumber
  verifier: ByteString
  readonly mailbox: Mailbox
  /** Loaded when first needed. */
  sent: SentRefs | undefined
}
