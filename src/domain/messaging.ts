import type { Attachment, AttachmentReader, Upload } from './attachments.ts'
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

/** One SEND: a recipient, the sender's ref (may be empty), the text, and the file that goes with it. */
export interface Submission {
  readonly recipient: ByteString
  readonly ref: ByteString
  readonly text: ByteString
  /** What `finish` of an upload returned, with its name. Discard the upload afterwards, whatever came of the message. */
  readonly attachment?: Attachment
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

/** How somebody becomes present. */
export interface PresenceOptions {
  readonly takeover?: boolean
  /** By this a client knows its own session again, when its connection was lost and the server has not noticed; empty: by nothing. */
  readonly token?: ByteString
}

/** How a SEND differs from that of a session. */
export interface SendOptions {
  /** The sender need not be present: it has shown who it is with this very request. */
  readonly absent?: boolean
}

/** What is known of an upload beforehand. */
export interface UploadOptions extends SendOptions {
  /** How long it will be, in bytes; by default as long as it may be. More than that is `too-large`. */
  readonly size?: number
}

/** A message whose file has not come yet. */
export interface ForeseenMessage {
  readonly recipient: ByteString
  readonly text: ByteString
  /** Bytes of the file, as far as they are known; 0 where they are not. */
  readonly fileBytes: number
}

/** The file of a message, open for reading, and what is known of it. */
export interface OpenAttachment extends AttachmentReader {
  readonly attachment: Attachment
}

/** The whole service, as every edge (socket protocols, SOAP, console) uses it. All methods reject with `Fault`s only. */
export interface Messaging {
  register(name: ByteString, verifier: ByteString): Promise<void>
  unregister(claim: Claim): Promise<void>
  /** Resolves if the claim may be believed; for requests that concern no more than that. */
  admit(claim: Claim): Promise<void>
  /**
   * Makes the claimed user present. A session that is already there ends by it if `takeover` says so, or its channel is idle, or
   * it began with the same token; otherwise the answer is `already-connected`.
   */
  connect(claim: Claim, channel: DeliveryChannel, options?: PresenceOptions): Promise<Session>
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
   * Rejects with what `send` would answer to a message with a file, where that is known before the file has come: so that nobody
   * uploads for nothing. It promises nothing: much may happen meanwhile.
   */
  foresee(claim: Claim, message: ForeseenMessage): Promise<void>
  /**
   * Begins a file that is to go with a message of a connected user; it is given to `send` with the submission. Rejects with
   * `not-allowed` where there are no attachments, `too-large`, and `try-again` when too many are under way. One that rests
   * too long is discarded by the service; whoever began one discards it in the end (`discard` does nothing to a file that
   * a message has). The recipient must have a credential, or `send` answers `not-allowed`.
   */
  upload(claim: Claim, options?: UploadOptions): Promise<Upload>
  /**
   * Opens the file of a message that waits in the mailbox, for as long as it waits there. Rejects with `invalid-request`
   * where there is no such message, or its file is lost, and with `unavailable` when the file cannot be read for now.
   */
  openAttachment(claim: Claim, seq: Seq): Promise<OpenAttachment>
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
