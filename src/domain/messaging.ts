import type { ByteString } from './byte-string.ts'
import type { DeliveryChannel } from './delivery-channel.ts'
import type { Fault } from './fault.ts'
import type { MessageId, SentMessage, Seq } from './message.ts'
import type { UserName } from './user-name.ts'

/** Who a request says it comes from. An account with a credential answers `not-authenticated` unless that very credential was proven. */
export interface Claim {
  readonly name: ByteString
  /** The verifier that AUTH was passed against; empty: nothing was proven. */
  readonly proof: ByteString
}

/** One SEND: a recipient, the sender's ref (may be empty) and the text. */
export interface Submission {
  readonly recipient: ByteString
  readonly ref: ByteString
  readonly text: ByteString
}

/** A user and whether somebody is present as that user. */
export interface UserStatus {
  readonly name: UserName
  readonly online: boolean
}

/** A user's presence, bound to a delivery channel. */
export interface Session {
  readonly user: UserName
  /** Items waiting when the session began. */
  readonly waiting: number
  /** Starts delivery; the edge calls it once the reply to CONNECT is on its way. */
  start(): void
  /**
   * The client has everything up to and including `seq`. Cumulative; what it confirms again is ignored. Resolves when all that
   * was confirmed is on disk; never rejects, but waits as long as the store refuses.
   */
  confirm(seq: Seq): Promise<void>
  /** The channel takes items again after `push` returned false. */
  resume(): void
  /** Ends the session. Unconfirmed items stay in the mailbox. */
  end(reason: 'disconnected' | 'gone'): Promise<void>
}

/** How a SEND differs from that of a session. */
export interface SendOptions {
  /** The sender need not be present: it has shown who it is with this very request. */
  readonly absent?: boolean
}

/** The whole service, as every edge (socket protocols, SOAP, console) uses it. All methods reject with `Fault`s only. */
export interface Messaging {
  register(name: ByteString, verifier: ByteString): Promise<void>
  unregister(claim: Claim): Promise<void>
  /** `takeover` ends a session that is already there; without it the answer is `already-connected`, unless its channel is idle. */
  connect(claim: Claim, channel: DeliveryChannel, options?: { readonly takeover?: boolean }): Promise<Session>
  disconnect(claim: Claim): Promise<void>
  /** Sends a batch, in order. Outcomes stand at their submission's index. Rejects as a whole when the sender may not send. */
  send(
    claim: Claim,
    submissions: readonly Submission[],
    options?: SendOptions,
  ): Promise<readonly (MessageId | Fault)[]>
  /** A message that was sent with this ref; undefined: there is none, or its receipt was confirmed. */
  sent(claim: Claim, ref: ByteString): Promise<SentMessage | undefined>
  /**
   * Sets or replaces the credential; an open account is closed to everybody else by it. Whoever is present as that user is
   * not any more, unless it is `holder`, the session that asks.
   */
  setCredential(claim: Claim, verifier: ByteString, holder?: Session): Promise<void>
  users(prefix: ByteString): Promise<readonly UserStatus[]>
  /** Why the service refuses, or undefined while it is ready. */
  failure(): string | undefined
  /** Ends all sessions and waits for what was being stored. */
  close(): Promise<void>
}
