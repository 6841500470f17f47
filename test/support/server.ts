import type { Socket } from 'node:net'
import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import type { Authentication } from '../../src/domain/authentication.ts'
import type { Backend } from '../../src/domain/backend.ts'
import type { Messaging } from '../../src/domain/messaging.ts'
import type { AttemptLimits } from '../../src/service/attempt-limit.ts'
import { createAuthentication } from '../../src/service/authentication.ts'
import { createMessaging } from '../../src/service/messaging.ts'
import { createLegacyProtocol, type LegacyProtocolOptions } from '../../src/transport/legacy-protocol.ts'
import { type ListenerOptions, openListener } from '../../src/transport/listener.ts'
import type { SessionProtocolOptions } from '../../src/transport/session-context.ts'
import { createSessionProtocol } from '../../src/transport/session-protocol.ts'
import { WIDE_LIMITS } from './backends.ts'
import { WIDE_REQUEST_LIMIT } from './request-limit.ts'

/** The longest text that a server takes unless told otherwise, in bytes. */
export const MAX_TEXT_BYTES = 65_536

/** What a test may want otherwise than usual. */
export interface ServerOptions
  extends Partial<Omit<SessionProtocolOptions, 'messaging' | 'authentication'>>,
    Pick<LegacyProtocolOptions, 'patience'>,
    Partial<Pick<ListenerOptions, 'maxConnections' | 'maxConnectionsPerAddress' | 'tls'>> {
  /** 0, the default: any. */
  readonly port?: number
  /** Where it stores; whoever opened it closes it, after the server. By default an empty one in memory. */
  readonly backend?: Backend
  readonly attemptLimits?: AttemptLimits
  /** The longest file, in bytes. */
  readonly maxAttachmentBytes?: number
  /** How long an unfinished file may rest, in milliseconds. */
  readonly uploadIdleMs?: number
  /** The service's clock. */
  readonly now?: () => number
  /** Puts something between the protocols and the service. */
  readonly wrapMessaging?: (messaging: Messaging) => Messaging
}

/** A server of both protocols on one port, in this process, with the parts that compose.ts puts together. */
export interface ServerUnderTest {
  readonly port: number
  readonly backend: Backend
  readonly messaging: Messaging
  readonly authentication: Authentication
  /** The bytes that wait in this process for the peer that has the most of them waiting. */
  unreadBytes(): number
  /** Stops it as a signal would: sessions hear BYE, and connections have so many milliseconds to end. */
  close(graceMs?: number): Promise<void>
}

/** Starts one, on a free port and with an empty memory unless told otherwise. */
export async function openServer(options: ServerOptions = {}): Promise<ServerUnderTest> {
  const {
    port = 0,
    backend = createMemoryBackend(WIDE_LIMITS),
    observer = {},
    now = Date.now,
    wrapMessaging = (service) => service,
    attemptLimits: limits,
    maxAttachmentBytes,
    uploadIdleMs,
    patience,
    maxConnections = 1000,
    maxConnectionsPerAddress = 1000,
    tls,
    maxTextBytes = MAX_TEXT_BYTES,
    requestTimeoutMs = 10_000,
    requestLimit = WIDE_REQUEST_LIMIT,
    ...ofSessions
  } = options
  const service = createMessaging({
    ...backend,
    observer,
    maxTextBytes,
    now,
    ...(maxAttachmentBytes === undefined ? {} : { maxAttachmentBytes }),
    ...(uploadIdleMs === undefined ? {} : { uploadIdleMs }),
  })
  const messaging = wrapMessaging(service)
  const authentication = createAuthentication({
    store: backend.store,
    key: backend.secretKey,
    now: () => performance.now(),
    ...(limits === undefined ? {} : { limits }),
  })
  const ofBoth = { messaging, observer, maxTextBytes, requestTimeoutMs, requestLimit }
  const ownPorts = new Set<number>()
  const sockets = new Set<Socket>()
  const protocols = [
    createSessionProtocol({
      ...ofBoth,
      authentication,
      window: 256,
      heartbeatSeconds: 30,
      maxUnreadBytes: 1024 * 1024,
      allowOpen: false,
      openRegistration: true,
      ...ofSessions,
    }),
    createLegacyProtocol({
      ...ofBoth,
      allowRemote: false,
      ownPorts,
      ...(patience === undefined ? {} : { patience }),
    }),
  ]
  const listener = await openListener({
    host: '127.0.0.1',
    port,
    protocols: protocols.map((protocol) => ({
      ...protocol,
      serve(socket, opening) {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
        protocol.serve(socket, opening)
      },
    })),
    maxConnections,
    maxConnectionsPerAddress,
    openingTimeoutMs: requestTimeoutMs,
    observer,
    tls,
  })
  ownPorts.add(listener.port)
  let closed: Promise<void> | undefined
  return {
    port: listener.port,
    backend,
    messaging,
    authentication,
    unreadBytes: () => Math.max(...[...sockets].map((socket) => socket.writableLength)),
    close(graceMs = 1000) {
      closed ??= listener.close(graceMs).then(() => messaging.close())
      return closed
    },
  }
}
