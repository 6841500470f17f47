import type { ByteString } from './byte-string.ts'
import type { Fault, FaultCode } from './fault.ts'
import type { Item, MessageId } from './message.ts'
import type { UserName } from './user-name.ts'

/** The requests whose outcome is told. */
export type Verb =
  | 'REGISTER'
  | 'UNREGISTER'
  | 'CONNECT'
  | 'DISCONNECT'
  | 'SEND'
  | 'ATTACH'
  | 'CHUNK'
  | 'SENDATTACH'
  | 'FETCH'
  | 'AUTH'
  | 'PASSWD'
  | 'USERS'
  | 'PING'

/** How a legacy client was reached: it read what it was sent; nobody listens there; it broke off or was too slow. */
export type DialOutcome = 'delivered' | 'refused' | 'failed'

/**
 * What happened, for logs and metrics. Every method is optional, and callers write `observer.accepted?.(…)`:
 * an event nobody wants costs nothing, not even its arguments. Metrics take the events that come once a batch
 * (`sent`, `confirmed`, `committed`); those that come once a message (`accepted`, `delivered`) are for logs.
 */
export interface Observer {
  /** A request of `user` (`-`: nobody says who) was answered. An AUTH counts once, for both its halves. SENDs: see `sent`. */
  request?(verb: Verb, user: ByteString, outcome: 'ok' | FaultCode): void
  /** A message is stored and synced. `present`: is its recipient online. */
  accepted?(id: MessageId, sender: UserName, recipient: ByteString, present: boolean): void
  /** The recipient confirmed a message. */
  delivered?(id: MessageId, sender: UserName, recipient: UserName): void
  /** A batch of SENDs was decided, or refused before anybody looked at it (0 ms), by either protocol: the outcome of each, and how long it took until what was accepted was synced. */
  sent?(outcomes: readonly (MessageId | Fault)[], milliseconds: number): void
  /** A recipient has these items, and that is synced. */
  confirmed?(items: readonly Item[]): void
  /** The store has brought what was in its log into its tree: so many bytes, in so long. */
  checkpointed?(bytes: number, milliseconds: number): void
  /** The store has synced one commit: the bytes of its records, and how long the disk took. */
  committed?(bytes: number, milliseconds: number): void
  /** So many sessions are open now. */
  sessions?(open: number): void
  /** A connection speaks this protocol; and it has closed. */
  opened?(protocol: string): void
  closed?(protocol: string): void
  /** A session ended without being asked to. */
  gone?(user: UserName, why: string): void
  /** A connection was refused or cut, and why. */
  refused?(remoteAddress: string, why: string): void
  /**
   * Somebody at `source` did not prove to be `user` (undefined: it did not say who): the proof was wrong (`not-authenticated`),
   * or one more try was not let through (`try-again`).
   */
  authenticationFailed?(user: UserName | undefined, source: string, code: FaultCode): void
  /** A legacy client was dialled back. */
  dialled?(outcome: DialOutcome): void
  /** The store failed, or is well again (undefined). */
  storeHealth?(failure: string | undefined): void
  /**
   * A SOAP request was answered. `operation`: of the contract, `-` if it was not reached; `outcome`: `ok`, a fault's code, or the
   * HTTP status of a refusal; the time is from the whole request to the answer.
   */
  soapAnswered?(operation: string, outcome: string, milliseconds: number): void
  /** A SOAP request was answered with a fault; the caller was given the correlation id. `code`: SOAP's, or the HTTP status of a refusal. */
  soapFault?(correlationId: string, operation: string, why: string, code: string): void
  /** Something that should not happen; the error is for the log only, never for a peer. */
  internalError?(where: string, error: unknown): void
}
