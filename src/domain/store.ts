import type { ByteString } from './byte-string.ts'
import type { Fault } from './fault.ts'
import type { Envelope, Item, MessageId, SentMessage, Seq } from './message.ts'
import type { UserName } from './user-name.ts'

/** What the store knows of a user. A user registered again is another account: it gets nothing that was meant for the old one. */
export interface Account {
  readonly name: UserName
  /** RFC 5803 form, or empty for an open account (wire-protocol 2). */
  readonly verifier: ByteString
}

/** Limits of one mailbox. Messages beyond them are refused with `mailbox-full`; receipts always fit. */
export interface MailboxLimits {
  readonly items: number
  readonly bytes: number
  /** Bytes of files that wait with the messages; without it as many as come. */
  readonly attachmentBytes?: number
}

/** What waits in a store. */
export interface Survey {
  readonly accounts: number
  /** Items in all mailboxes, and the bytes of their texts. */
  readonly items: number
  readonly bytes: number
  /** Items in the mailbox that has most. */
  readonly largest: number
  /** When the oldest message that waits was accepted, in milliseconds since 1970; undefined when none waits. */
  readonly oldest: number | undefined
}

/**
 * The durable half of a backend. Batch-shaped: what one tick brings is one call, and one commit.
 *
 * Every promise of a change resolves when the change is on disk and synced, never before (wire-protocol 3).
 * After a failed commit every call rejects with `unavailable` until the store has recovered.
 */
export interface Store {
  /** Rejects with `user-exists`. */
  createAccount(name: UserName, verifier: ByteString): Promise<void>
  /** Removes the account and its mailbox. Rejects with `no-such-user`. */
  removeAccount(name: UserName): Promise<void>
  /** Sets or replaces the credential. Rejects with `no-such-user`. */
  setVerifier(name: UserName, verifier: ByteString): Promise<void>
  account(name: ByteString): Promise<Account | undefined>
  /** Accounts whose names start with `prefix` and come after `after` (by default all), in byte order, `limit` at most. */
  accounts(prefix: ByteString, limit: number, after?: ByteString): Promise<readonly Account[]>

  /**
   * Accepts messages, in order. Each outcome stands at its envelope's index: the new id, the id of the message
   * that already has this (sender, ref), or a `no-such-user` / `mailbox-full` fault. Rejects as a whole with
   * `unavailable`, and then nothing of the batch was accepted.
   *
   * Attachments belong to the store from the call on (see `Attachments`): those of messages that are refused or were there
   * already are removed.
   */
  append(envelopes: readonly Envelope[]): Promise<readonly (MessageId | Fault)[]>

  /**
   * Why `append` would refuse a message to this recipient, with so many bytes of text and of a file, if it came now; undefined:
   * it would not. For who is about to send a file, and might do so for nothing.
   */
  refusal(recipient: ByteString, textBytes: number, fileBytes: number): Promise<Fault | undefined>

  /**
   * The recipient has everything up to and including `seq`: those items go out of the mailbox, each message puts a
   * receipt into its sender's, each receipt releases its ref, and files of messages are removed. Resolves to the users who
   * now have a new receipt.
   */
  confirm(user: UserName, seq: Seq): Promise<readonly UserName[]>

  /**
   * The message that has this (sender, ref), as it is on disk; undefined: there is none, or its ref was released, with its
   * receipt or since it will never have one.
   */
  sent(sender: UserName, ref: ByteString): Promise<SentMessage | undefined>

  /**
   * At most `limit` committed, unconfirmed items after `after`, in order; none only when there are none. Answers at once
   * where it can: the hot path of delivery. Rejects with `unavailable`, never throws.
   */
  read(user: UserName, after: Seq, limit: number): readonly Item[] | Promise<readonly Item[]>

  /** How many items wait in the mailbox; 0 for a user it does not know. */
  waiting(user: UserName): Promise<number>

  /**
   * Counts what waits, for metrics. Walks all mailboxes in small steps that hold nobody up, so that what changes
   * meanwhile may count or not. Takes a while with many users. Rejects with `unavailable` when the store is not well.
   */
  survey(): Promise<Survey>

  /** A hint: nobody reads this mailbox for now, so what was cached for it can go. */
  release(user: UserName): void

  /** Why the store refuses, or undefined while it is well. */
  failure(): string | undefined
  /** Resolves when the store is well (at once if it is); never once it is closed. */
  recovered(): Promise<void>

  /** Waits for what is on its way, and closes. */
  close(): Promise<void>
}
