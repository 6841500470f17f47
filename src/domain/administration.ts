import type { ByteString } from './byte-string.ts'

/** A user, as whoever runs the server sees it. */
export interface UserRecord {
  readonly name: ByteString
  /** Whether the account has a credential. */
  readonly credential: boolean
  /** Items waiting for it. */
  readonly waiting: number
}

/** A token, and until when it is good. */
export interface IssuedToken {
  readonly token: ByteString
  /** Seconds since 1970. */
  readonly expires: number
}

/** What whoever runs the server may do to accounts, whatever their credentials. All methods reject with `Fault`s. */
export interface Administration {
  /** Makes an account; `verifier` in RFC 5803 form, or empty for an open account. */
  add(name: ByteString, verifier: ByteString): Promise<void>
  /** Removes the account and its mailbox, and ends its session. */
  remove(name: ByteString): Promise<void>
  /** Gives the account another credential. */
  reset(name: ByteString, verifier: ByteString): Promise<void>
  /** A token that acts as this user over HTTP for so many days, 3650 at most (`Authentication.issueToken`). */
  token(name: ByteString, days: number): Promise<IssuedToken>
  /** Accounts whose names start with `prefix` and come after `after`, in byte order, a page at a time: the page after the last is empty. */
  list(prefix: ByteString, after: ByteString): Promise<readonly UserRecord[]>
}
