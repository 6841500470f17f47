import type { ByteString } from './byte-string.ts'
import type { FaultCode } from './fault.ts'
import type { MessageId } from './message.ts'
import type { UserName } from './user-name.ts'

/** The requests whose outcome is worth a line. */
export type Verb = 'REGISTER' | 'UNREGISTER' | 'CONNECT' | 'DISCONNECT' | 'SEND' | 'AUTH' | 'PASSWD' | 'USERS'

/**
 * What happened, for logs and metrics. Every method is optional, and callers write `observer.accepted?.(…)`:
 * an event nobody wants costs nothing, not even its arguments.
 */
export interface Observer {
  /** A request of `user` was answered. */
  request?(verb: Verb, user: ByteString, outcome: 'ok' | FaultCode): void
  /** A message is stored and synced. `present`: is its recipient online. */
  accepted?(id: MessageId, sender: UserName, recipient: ByteString, present: boolean): void
  /** The recipient confirmed a message. */
  delivered?(id: MessageId, sender: UserName, recipient: UserName): void
  /** A session ended without being asked to. */
  gone?(user: UserName, why: string): void
  /** A connection was refused or cut, and why. */
  refused?(remoteAddress: string, why: string): void
  /** The store failed, or is well again (undefined). */
  storeHealth?(failure: string | undefined): void
  /** A SOAP request was answered with a fault; the caller was given the correlation id. */
  soapFault?(correlationId: string, operation: string, why: string): void
  /** Something that should not happen; the error is for the log only, never for a peer. */
  internalError?(where: string, error: unknown): void
}
