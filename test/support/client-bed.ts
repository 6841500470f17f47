import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import type { Client, ClientState, PresenceOptions, Receive } from '../../src/client/client.ts'
import { createClient, type ServerOptions } from '../../src/client/connect.ts'
import type { Backend } from '../../src/domain/backend.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { WIDE_LIMITS } from './backends.ts'
import { createCollector } from './collector.ts'
import { openRelay, type Relay } from './relay.ts'
import { openServer, type ServerUnderTest } from './server.ts'
import { user } from './words.ts'

/** Quick, so that tests are. */
const BACKOFF = { firstMs: 10, mostMs: 50 }

/** What became of a client's connection, one change after the other. */
export type States = ReturnType<typeof createCollector<ClientState>>

/** A client, and what became of its connection. */
export interface Watched {
  readonly client: Client
  readonly states: States
}

/** A server whose heartbeat is short, and the relay through which its clients reach it. */
export interface ClientBed {
  readonly backend: Backend
  readonly server: ServerUnderTest
  readonly relay: Relay
  /** Stops the server in order and starts it on the same port with the same data. */
  restart(): Promise<void>
  /** Makes open accounts. */
  register(...names: readonly string[]): Promise<void>
  /** A client behind the relay (or at the port given) as which `name` is connected. */
  connected(name: string, receive?: Receive, options?: ServerOptions & PresenceOptions): Promise<Watched>
  /** Closed with the bed. */
  keep(one: { close(): Promise<void> }): void
  /** Resolves when nothing waits in a mailbox any more. */
  emptied(name: string): Promise<void>
  close(): Promise<void>
}

/** Starts a server and a relay to it. */
export async function openClientBed(): Promise<ClientBed> {
  const backend = createMemoryBackend(WIDE_LIMITS)
  const heartbeatSeconds = 0.2
  let server = await openServer({ backend, heartbeatSeconds })
  const relay = await openRelay(() => server.port)
  const opened: { close(): Promise<void> }[] = []

  return {
    backend,
    get server() {
      return server
    },
    relay,
    async restart() {
      const { port } = server
      await server.close()
      server = await openServer({ backend, port })
    },
    async register(...names) {
      for (const name of names) await server.messaging.register(toByteString(name), toByteString(''))
    },
    async connected(name, receive = () => {}, options = {}) {
      const states = createCollector<ClientState>()
      const where = { server: '127.0.0.1', port: relay.port, backoff: BACKOFF, onState: states.add }
      const client = createClient({ ...where, ...options }, receive)
      opened.push(client)
      await client.connect(name, options)
      return { client, states }
    },
    keep: (one) => void opened.push(one),
    async emptied(name) {
      while ((await backend.store.waiting(user(name))) > 0) await new Promise(setImmediate)
    },
    async close() {
      for (const one of opened.reverse()) await one.close()
      await relay.close()
      await server.close()
    },
  }
}

/** The next change of this kind, after those that were seen. */
export function change<State extends ClientState['state']>(
  states: States,
  state: State,
): Promise<Extract<ClientState, { state: State }>> {
  return states.until((one) => one.state === state) as Promise<Extract<ClientState, { state: State }>>
}
