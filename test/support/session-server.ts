import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import type { Backend } from '../../src/domain/backend.ts'
import type { Messaging } from '../../src/domain/messaging.ts'
import { createAuthentication } from '../../src/service/authentication.ts'
import { createMessaging } from '../../src/service/messaging.ts'
import { createLegacyProtocol } from '../../src/transport/legacy-protocol.ts'
import { openListener, type TlsFiles } from '../../src/transport/listener.ts'
import { createSessionProtocol } from '../../src/transport/session-protocol.ts'
import { WIDE_LIMITS } from './backends.ts'
import { WIDE_REQUEST_LIMIT } from './request-limit.ts'

/** A server in this process, with both protocols on one port. */
export interface SessionServerUnderTest {
  readonly port: number
  readonly messaging: Messaging
  /** Stops it as a signal would: sessions hear BYE. What it stored is in the backend. */
  close(): Promise<void>
}

/** What a test may want otherwise. */
export interface SessionServerOptions {
  readonly port?: number
  /** With it, what is stored outlives the server. */
  readonly backend?: Backend
  readonly window?: number
  readonly heartbeatSeconds?: number
  readonly maxTextBytes?: number
  readonly tls?: TlsFiles
}

/** Starts one, on a free port and with an empty memory unless told otherwise. */
export async function openSessionServer(options: SessionServerOptions = {}): Promise<SessionServerUnderTest> {
  const { port = 0, window = 256, heartbeatSeconds = 30, maxTextBytes = 65_536, tls } = options
  const { backend = createMemoryBackend(WIDE_LIMITS) } = options
  const observer = {}
  const messaging = createMessaging({ ...backend, observer, maxTextBytes, now: Date.now })
  const authentication = createAuthentication({
    store: backend.store,
    key: backend.secretKey,
    now: () => performance.now(),
  })
  const shared = { messaging, observer, maxTextBytes, requestLimit: WIDE_REQUEST_LIMIT }
  const session = createSessionProtocol({
    ...shared,
    authentication,
    window,
    heartbeatSeconds,
    requestTimeoutMs: 5_000,
    maxUnreadBytes: 1024 * 1024,
    allowOpen: false,
    openRegistration: true,
  })
  const legacy = createLegacyProtocol({
    ...shared,
    requestTimeoutMs: 5_000,
    allowRemote: false,
    ownPorts: new Set(),
  })
  const listener = await openListener({
    host: '127.0.0.1',
    port,
    protocols: [session, legacy],
    maxConnections: 1_000,
    maxConnectionsPerAddress: 1_000,
    openingTimeoutMs: 5_000,
    observer,
    tls,
  })
  return {
    port: listener.port,
    messaging,
    async close() {
      await listener.close(2_000)
      await messaging.close()
    },
  }
}
