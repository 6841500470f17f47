import { connect, type Socket } from 'node:net'
import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import { createVerifier } from '../../src/client/scram.ts'
import type { Backend } from '../../src/domain/backend.ts'
import type { Messaging } from '../../src/domain/messaging.ts'
import type { Observer } from '../../src/domain/observer.ts'
import type { MailboxLimits, Store } from '../../src/domain/store.ts'
import { ATTEMPT_LIMITS, type AttemptLimits } from '../../src/service/attempt-limit.ts'
import { createAuthentication } from '../../src/service/authentication.ts'
import { createMessaging } from '../../src/service/messaging.ts'
import { createLegacyProtocol } from '../../src/transport/legacy-protocol.ts'
import { type Listener, type ListenerOptions, openListener } from '../../src/transport/listener.ts'
import type { Protocol } from '../../src/transport/protocol.ts'
import type { SessionProtocolOptions } from '../../src/transport/session-context.ts'
import { createSessionProtocol } from '../../src/transport/session-protocol.ts'
import { WIDE_LIMITS } from './backends.ts'
import { WIDE_REQUEST_LIMIT } from './request-limit.ts'
import { login } from './session-login.ts'
import { dialSessionPeer, type SessionPeer } from './session-peer.ts'
import { makeTempFolder } from './temp-folder.ts'

/** The backends, by name. */
export const BACKEND_NAMES = ['memory', 'lmdb'] as const

/** What a test may want otherwise than usual. */
export interface SessionBedOptions
  extends Partial<Omit<SessionProtocolOptions, 'messaging' | 'authentication'>>,
    Partial<Pick<ListenerOptions, 'maxConnections' | 'maxConnectionsPerAddress' | 'tls'>> {
  readonly backend?: (typeof BACKEND_NAMES)[number]
  readonly limits?: MailboxLimits
  readonly attemptLimits?: AttemptLimits
  /** The longest file, in bytes. */
  readonly maxAttachmentBytes?: number
  /** How long an unfinished file may rest, in milliseconds. */
  readonly uploadIdleMs?: number
  /** The service's clock. */
  readonly now?: () => number
  /** Puts something between the service and its store. */
  readonly wrapStore?: (store: Store) => Store
  readonly observer?: Observer
}

/** A server of both protocols on a port of its own, in this process. */
export interface SessionBed {
  readonly port: number
  readonly store: Store
  readonly messaging: Messaging
  /** The data folder; with the memory backend there is none. */
  readonly folder: string
  /** A connection on which nothing was said yet. Closed with the bed, as are those of `open` and `join`. */
  dial(): Promise<SessionPeer>
  /** A connection with an open session. */
  open(): Promise<SessionPeer>
  /** A connection on which this user has an open account and is present. */
  join(user: string): Promise<SessionPeer>
  /** A connection on which this user has an account with a secret and is present. */
  joinProven(user: string, mode?: '' | 'takeover'): Promise<SessionPeer>
  /** One request of the original protocol; resolves to the bytes of the reply. */
  legacy(...fields: readonly string[]): Promise<number[]>
  /** The bytes that wait in this process for the peer that has the most of them waiting. */
  unreadBytes(): number
  /** Stops it as a shutdown does. */
  stop(): Promise<void>
  /** Stops it and starts it again on the same port and, with lmdb, the same data. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Starts a server. */
export async function createSessionBed(options: SessionBedOptions = {}): Promise<SessionBed> {
  const {
    backend: kind = 'memory',
    limits = WIDE_LIMITS,
    observer = {},
    now = Date.now,
    wrapStore = (store) => store,
    requestTimeoutMs = 10_000,
    maxConnections = 1000,
    maxConnectionsPerAddress = 1000,
    tls,
    maxAttachmentBytes,
    uploadIdleMs,
    attemptLimits = ATTEMPT_LIMITS,
    requestLimit = WIDE_REQUEST_LIMIT,
    ...session
  } = options
  const folder = kind === 'lmdb' ? await makeTempFolder() : ''
  const peers: SessionPeer[] = []
  const sockets = new Set<Socket>()
  let running = await start(0)

  const bed: SessionBed = {
    get port() {
      return running.listener.port
    },
    get store() {
      return running.store
    },
    get messaging() {
      return running.messaging
    },
    folder,
    async dial() {
      const peer = await dialSessionPeer(bed.port)
      peers.push(peer)
      return peer
    },
    async open() {
      const peer = await bed.dial()
      peer.send(['SESSION', 1])
      await peer.take('SESSION')
      return peer
    },
    async join(user) {
      const peer = await bed.open()
      await peer.ask('REGISTER', user, '')
      expect((await peer.ask('CONNECT', user, ''))[0]).toBe('OK')
      return peer
    },
    async joinProven(user, mode = '') {
      const peer = await bed.open()
      await peer.ask('REGISTER', user, await createVerifier('secret', 'generated'))
      await login(peer, user, 'secret')
      expect((await peer.ask('CONNECT', user, mode))[0]).toBe('OK')
      return peer
    },
    async legacy(...fields) {
      const socket = connect({ host: '127.0.0.1', port: bed.port })
      socket.write(fields.map((field) => `${field}\0`).join(''))
      const reply: Buffer[] = []
      for await (const chunk of socket) reply.push(chunk)
      return [...Buffer.concat(reply)]
    },
    unreadBytes: () => Math.max(...[...sockets].map((socket) => socket.writableLength)),
    stop: () => running.stop(),
    async restart() {
      const { port } = bed
      await running.stop()
      running = await start(port)
    },
    async close() {
      for (const peer of peers) await peer.close()
      await running.stop()
    },
  }
  return bed

  async function start(port: number) {
    const backend: Backend =
      kind === 'lmdb' ? await openLmdbBackend({ folder, limits, observer }) : createMemoryBackend(limits)
    const store = wrapStore(backend.store)
    const maxTextBytes = session.maxTextBytes ?? 65_536
    const messaging = createMessaging({
      ...backend,
      store,
      observer,
      maxTextBytes,
      now,
      ...(maxAttachmentBytes === undefined ? {} : { maxAttachmentBytes }),
      ...(uploadIdleMs === undefined ? {} : { uploadIdleMs }),
    })
    const authentication = createAuthentication({
      store,
      key: backend.secretKey,
      limits: attemptLimits,
      now: () => performance.now(),
    })
    const protocols: Protocol[] = [
      createSessionProtocol({
        messaging,
        authentication,
        observer,
        maxTextBytes,
        window: 256,
        heartbeatSeconds: 30,
        allowOpen: false,
        openRegistration: true,
        requestTimeoutMs,
        maxUnreadBytes: 1024 * 1024,
        requestLimit,
        ...session,
      }),
      createLegacyProtocol({
        messaging,
        observer,
        maxTextBytes,
        requestTimeoutMs,
        allowRemote: false,
        ownPorts: new Set(),
        requestLimit,
      }),
    ]
    const listener: Listener = await openListener({
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
    let stopping: Promise<void> | undefined
    return {
      store,
      messaging,
      listener,
      stop: () => {
        stopping ??= (async () => {
          await listener.close(1000)
          await messaging.close()
          await backend.close()
        })()
        return stopping
      },
    }
  }
}
