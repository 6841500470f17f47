import type { Authentication, Exchange, Proof } from '../domain/authentication.ts'
import type { ByteString } from '../domain/byte-string.ts'
import type { DeliveryChannel } from '../domain/delivery-channel.ts'
import type { Claim, Messaging, Session } from '../domain/messaging.ts'
import type { Observer } from '../domain/observer.ts'
import type { WatchTimes } from './peer-watch.ts'
import type { RequestLimit } from './request-limit.ts'
import type { SessionFiles } from './session-files.ts'

/** What the session protocol needs from its surroundings. */
export interface SessionProtocolOptions {
  readonly messaging: Messaging
  readonly authentication: Pick<Authentication, 'begin' | 'checkVerifier'>
  readonly observer: Observer
  readonly maxTextBytes: number
  /** Requests unanswered and items unconfirmed on one connection, each. */
  readonly window: number
  readonly heartbeatSeconds: number
  /** How long a request may take to arrive once it has begun, in milliseconds. */
  readonly requestTimeoutMs: number
  /**
   * Bytes that wait for a peer that reads slowly, before nothing more is read from it and nothing delivered to it. At least
   * 65,536: see `TickWriter`.
   */
  readonly maxUnreadBytes: number
  /** Requests of one source. */
  readonly requestLimit: RequestLimit
  /** Accounts without a credential from other addresses than loopback. */
  readonly allowOpen: boolean
  /** May whoever reaches the port REGISTER. */
  readonly openRegistration: boolean
}

/** What all connections share. */
export interface SessionContext extends SessionProtocolOptions, WatchTimes {
  readonly maxFrameBytes: number
  /** Those that are open; each leaves by itself when it closes. */
  readonly connections: Set<SessionPeer>
}

/** A connection, as the requests see it. */
export interface SessionPeer extends DeliveryChannel {
  readonly context: SessionContext
  readonly address: string
  /** False once the peer has gone. */
  readonly open: boolean
  /** Set by CONNECT. */
  session: Session | undefined
  /** Set by AUTH. */
  authenticated: Pick<Proof, 'user' | 'verifier'> | undefined
  /** The AUTH that waits for its second half, under its ref. */
  exchange: { readonly ref: ByteString; readonly begun: Exchange } | undefined
  /** The files of the session, once there are any. */
  files: SessionFiles | undefined
  /** Who this connection speaks as: proven by AUTH, or claimed by CONNECT to an open account. Throws `not-connected`. */
  claim(): Claim
  /** The claim to be this user, with the proof if AUTH has given it. */
  claimAs(name: ByteString): Claim
}
