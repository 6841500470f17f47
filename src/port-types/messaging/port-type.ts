import { plainAddress } from '../../domain/address.ts'
import type { Authentication } from '../../domain/authentication.ts'
import type { ByteString } from '../../domain/byte-string.ts'
import type { Messaging } from '../../domain/messaging.ts'
import type { Observer } from '../../domain/observer.ts'
import type { HeaderHandler, SoapContext } from '../../soap/context.ts'
import type { PortType } from '../../soap/dispatch.ts'
import type { UsernameToken } from '../../soap/ws-security.ts'
import { createAccountOperations } from './accounts.ts'
import { createAttachmentOperations } from './attachments.ts'
import { createIdentify } from './caller.ts'
import { createHeldSessions } from './held-sessions.ts'
import { createReceivingOperations } from './receiving.ts'
import { createSendingOperations } from './sending.ts'
import { withTypedFaults } from './typed-faults.ts'

/** What the messaging service over SOAP works with. */
export interface MessagingPortTypeOptions {
  readonly messaging: Messaging
  readonly authentication: Pick<Authentication, 'verifyPassword' | 'verifyToken'>
  readonly observer: Observer
  /** Understands wsse:Security; the endpoint has it among its headers. */
  readonly security: HeaderHandler<UsernameToken | undefined>
  readonly maxTextBytes: number
  /** The longest file, which the service sees to; for what `AttachmentTooLarge` tells. */
  readonly maxAttachmentBytes: number
  /** Accounts without a credential from other machines than this, or through a proxy. */
  readonly allowOpen: boolean
  /** Passwords and tokens over plain HTTP from other machines than this, or through a proxy. */
  readonly allowPlainPasswords: boolean
  /** May whoever reaches the port Register. */
  readonly openRegistration: boolean
  /** What is stored instead of a password (RFC 5803). Rejects with `invalid-request` for one that cannot be, and `try-again`. */
  readonly createVerifier: (password: string) => Promise<ByteString>
  /** Counts a request of this address. Throws `try-again` for one beyond the limit. */
  readonly takeRequest: (address: string) => void
  /** How long a presence is kept between two calls of Receive, in milliseconds. Default: 30,000, as wsdl/messaging.wsdl says. */
  readonly graceMs?: number
  /** Users who receive at a time. Default: 10,000. */
  readonly mostReceivers?: number
}

/** The operations of wsdl/messaging.wsdl, and what is to be closed with them. */
export interface MessagingPortType {
  readonly operations: PortType
  /** Answers every Receive that waits with what there is, and ends the presences. */
  close(): Promise<void>
}

/** The messaging service over SOAP (soap 4). */
export function createMessagingPortType(options: MessagingPortTypeOptions): MessagingPortType {
  const {
    messaging,
    observer,
    maxTextBytes,
    maxAttachmentBytes,
    takeRequest,
    graceMs = 30_000,
    mostReceivers = 10_000,
  } = options
  const identify = createIdentify(options)
  const sessions = createHeldSessions({ messaging, observer, graceMs, most: mostReceivers })
  const operations: Readonly<Record<string, (input: never, context: SoapContext) => Promise<object>>> = {
    ...createAccountOperations({ ...options, identify }),
    ...createSendingOperations({ messaging, identify }),
    ...createReceivingOperations({ identify, sessions }),
    ...createAttachmentOperations({ messaging, identify, maxAttachmentBytes }),
  }

  const limited = Object.entries(operations).map(([name, operation]) => {
    const taken = async (input: never, context: SoapContext): Promise<object> => {
      takeRequest(plainAddress(context.remoteAddress))
      return operation(input, context)
    }
    return [name, withTypedFaults(taken, maxTextBytes)]
  })
  return { operations: Object.fromEntries(limited) as PortType, close: () => sessions.close() }
}
