import type { ByteString } from './byte-string.ts'
import type { Claim } from './messaging.ts'
import type { UserName } from './user-name.ts'

/** An AUTH that has begun: `finish` takes the second message, once. */
export interface Exchange {
  readonly serverFirst: ByteString
  /**
   * Rejects with `not-authenticated`, or `try-again` at the limit of failed attempts, or `invalid-request` when the message
   * is malformed or belongs to another exchange.
   */
  finish(clientFinal: ByteString): Promise<Proof>
}

/** Somebody has shown that they have the secret of this user. */
export interface Proof {
  readonly user: UserName
  readonly serverFinal: ByteString
  /** What it was shown against. An account that has another one by now is not the one that was proven. */
  readonly verifier: ByteString
}

/**
 * Who may speak as whom (wire-protocol 2, AUTH; RFC 5802 and 7677). An unknown user, an open account and a wrong secret are
 * alike: the same messages, the same work, the same fault. Failed attempts are limited by source and by user.
 */
export interface Authentication {
  /**
   * Takes the client-first-message. Rejects with `invalid-request`, `invalid-name`, or `try-again` at the limit.
   * @param source the peer's address.
   */
  begin(clientFirst: ByteString, source: string): Promise<Exchange>
  /**
   * Checks a password that the peer has shown (over TLS or loopback: the caller sees to that). A password that was right is
   * known again for a minute after it was last shown, at the price of one HMAC. Resolves to what the peer may claim. Rejects like `begin` and `finish`.
   */
  verifyPassword(name: ByteString, password: ByteString, source: string): Promise<Claim>
  /**
   * Issues a token that acts as this user, for HTTP (Bearer, RFC 6750): until it expires, or the account has another credential.
   * Rejects with `no-such-user`, or with `not-allowed` for an open account.
   * @param expires in seconds since 1970.
   */
  issueToken(name: ByteString, expires: number): Promise<ByteString>
  /**
   * Checks a token that the peer has shown (over TLS or loopback: the caller sees to that). Resolves to what the peer may claim.
   * Rejects with `not-authenticated`, or with `try-again` when the source has failed too often; one that is good always passes.
   */
  verifyToken(token: ByteString, source: string): Promise<Claim>
  /** What REGISTER and PASSWD may store. Throws `invalid-request` with the rule of RFC 5803 that it breaks. */
  checkVerifier(verifier: ByteString): void
}
