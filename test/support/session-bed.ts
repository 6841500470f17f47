import { connect } from 'node:net'
import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import { createVerifier } from '../../src/client/scram.ts'
import type { Messaging } from '../../src/domain/messaging.ts'
import type { MailboxLimits, Store } from '../../src/domain/store.ts'
import { WIDE_LIMITS } from './backends.ts'
import { openServer, type ServerOptions } from './server.ts'
import { login } from './session-login.ts'
import { dialSessionPeer, type SessionPeer } from './session-peer.ts'
import { makeTempFolder } from './temp-folder.ts'

/** The backends, by name. */
export const BACKEND_NAMES = ['memory', 'lmdb'] as const

/** What a test may want otherwise than usual. */
export interface SessionBedOptions extends Omit<ServerOptions, 'backend' | 'port'> {
  readonly backend?: (typeof BACKEND_NAMES)[number]
  readonly limits?: MailboxLimits
  /** Puts something between the service and its store. */
  readonly wrapStore?: (store: Store) => Store
}

/** A server in this process that can be started again over its data, and connections to it. */
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
  const { backend: kind = 'memory', limits = WIDE_LIMITS, wrapStore = (store) => store, ...rest } = options
  const folder = kind === 'lmdb' ? await makeTempFolder() : ''
  const peers: SessionPeer[] = []
  let running = await start(0)

  const bed: SessionBed = {
    get port() {
      return running.port
    },
    get store() {
      return running.backend.store
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
    unreadBytes: () => running.unreadBytes(),
    stop: () => running.close(),
    async restart() {
      const { port } = bed
      await running.close()
      running = await start(port)
    },
    async close() {
      for (const peer of peers) await peer.close()
      await running.close()
    },
  }
  return bed

  async function start(port: number) {
    const { observer = {} } = rest
    const opened =
      kind === 'lmdb' ? await openLmdbBackend({ folder, limits, observer }) : createMemoryBackend(limits)
    const server = await openServer({
      ...rest,
      port,
      backend: { ...opened, store: wrapStore(opened.store) },
    })
    let closed: Promise<void> | undefined
    return {
      ...server,
      close() {
        closed ??= server.close().then(() => opened.close())
        return closed
      },
    }
  }
}
