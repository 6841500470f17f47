import type { Attachment } from './attachments.ts'
import type { ByteString } from './byte-string.ts'
import type { UserName } from './user-name.ts'

/** Counts up from 0 over the whole server and goes on counting after a restart (wire-protocol 1). */
export type MessageId = number

/** Place in a mailbox: only grows, gaps mean nothing (wire-protocol 2). The first is 1. */
export type Seq = number

/** The longest ref, in bytes (wire-protocol 2). */
export const MAX_REF_BYTES = 64

/** A message on its way into the store: it has no id before it is accepted. */
export interface Envelope {
  readonly sender: UserName
  /** As the sender wrote it; the store answers `no-such-user` for what it does not know. */
  readonly recipient: ByteString
  /** Chosen by the sender; the same (sender, ref) again is the same message. Empty: none (the original protocol). */
  readonly ref: ByteString
  /** UTF-8 without NUL. */
  readonly text: ByteString
  /** When the server accepted it, in milliseconds since 1970, UTC. */
  readonly acceptedAt: number
  /** The file that goes with it; the store takes it over, whatever comes of the message. */
  readonly attachment?: Attachment
}

/** A message waiting in its recipient's mailbox. */
export interface MessageItem {
  readonly kind: 'message'
  readonly seq: Seq
  readonly id: MessageId
  readonly sender: UserName
  readonly ref: ByteString
  readonly text: ByteString
  readonly acceptedAt: number
  readonly attachment?: Attachment
}

/** A receipt waiting in the sender's mailbox: the recipient has message `id`. */
export interface ReceiptItem {
  readonly kind: 'receipt'
  readonly seq: Seq
  readonly id: MessageId
  readonly ref: ByteString
  readonly recipient: UserName
}

/** A message, as its sender can ask for it. */
export interface SentMessage {
  readonly id: MessageId
  /** The recipient has confirmed it: its receipt waits for the sender. */
  readonly delivered: boolean
}

/** Messages and receipts share one sequence per mailbox. */
export type Item = MessageItem | ReceiptItem
