import { isIPv4 } from 'node:net'
import { type ByteString, toByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { LegacyOperation } from '../wire/legacy.ts'
import type { Client, Incoming, IncomingMessage, Receive, RequestOptions } from './client.ts'
import {
  type LegacyConnection,
  type LegacyReply,
  type LegacyServer,
  openLegacyConnection,
} from './legacy-connection.ts'
import { type LegacyListener, openLegacyListener } from './legacy-listener.ts'
import { legacyRefusal } from './legacy-refusals.ts'
import { unlessAborted } from './unless-aborted.ts'

/**
 * How many messages are remembered so that one that comes again is not shown again. At most one is on its way at a time, but
 * the server sends the next while the last one's confirmation is on its way to its disk: a server that is killed before that
 * sends all of those again. This is enough for about a second without a sync.
 */
const REMEMBERED = 1000

/**
 * A client of the original protocol (wire-protocol 1): one connection per request, and while a user is connected a
 * listener that the server dials for each message and receipt. Works with the original C server too.
 */
export function createLegacyClient(server: LegacyServer, receive: Receive): Client {
  const open = new Set<LegacyConnection>()
  const shown = new Map<number, IncomingMessage>()
  let connected: { readonly user: string; readonly listener: LegacyListener } | undefined

  return {
    get user() {
      return connected?.user
    },
    async register(user, credential, options) {
      if (credential !== undefined) throw impossible('keeps no secrets')
      await ask('REGISTER', options, user)
    },
    async unregister(user, options) {
      await ask('UNREGISTER', options, user)
      await forget(user)
    },
    async connect(user, options = {}) {
      if (options.secret !== undefined) throw impossible('asks for no secrets')
      if (options.takeover) throw impossible('takes no session over')
      if (connected !== undefined && connected.user !== user) {
        throw new Fault(
          'not-allowed',
          `you are connected as ${connected.user}: DISCONNECT ${connected.user} first`,
        )
      }
      const name = field('user name', user)
      const connection = await openConnection(options)
      // The listener is there before the request, so that no push is refused, and where the server will dial:
      // the address that this connection comes from (wire-protocol 1).
      const listener = await openLegacyListener({
        host: listenAddress(connection.localAddress),
        from: connection.remoteAddress,
        receive: receiveOnce,
      }).catch((error: unknown) => {
        close(connection)
        throw error
      })
      try {
        const port = toByteString(String(listener.port))
        granted('CONNECT', await answer(connection, options, 'CONNECT', name, port))
      } catch (error) {
        await listener.close()
        throw error
      }
      const before = connected?.listener
      connected = { user, listener }
      await before?.close() // the server had forgotten us: what it dials now is the new one
      return undefined
    },
    async disconnect(user, options) {
      const reply = await request('DISCONNECT', options, user)
      // Gone either way: done, no such user, or not connected.
      if (reply.code <= 2) await forget(user)
      granted('DISCONNECT', reply)
    },
    async send(recipient, text, options) {
      if (connected === undefined) {
        throw new Fault('not-connected', 'nobody is connected here: CONNECT <userName> first')
      }
      const { id } = await ask('SEND', options, connected.user, recipient, text)
      return id ?? 0
    },
    async sendAttachment() {
      throw impossible('carries no files')
    },
    async passwd() {
      throw impossible('keeps no secrets')
    },
    async users() {
      throw impossible('tells nobody who the users are')
    },
    async close() {
      for (const connection of open) connection.close()
      const listener = connected?.listener
      connected = undefined
      await listener?.close()
    },
  }

  async function ask(
    operation: LegacyOperation,
    options: RequestOptions | undefined,
    ...texts: readonly string[]
  ): Promise<LegacyReply> {
    return granted(operation, await request(operation, options, ...texts))
  }

  async function request(
    operation: LegacyOperation,
    options: RequestOptions = {},
    ...texts: readonly string[]
  ): Promise<LegacyReply> {
    const fields = texts.map((text, at) => field(at === 2 ? 'message' : 'user name', text))
    return answer(await openConnection(options), options, operation, ...fields)
  }

  async function openConnection({ signal }: RequestOptions): Promise<LegacyConnection> {
    const connection = await unlessAborted(openLegacyConnection(server), signal)
    open.add(connection)
    return connection
  }

  async function answer(
    connection: LegacyConnection,
    { signal }: RequestOptions,
    operation: LegacyOperation,
    ...fields: readonly ByteString[]
  ): Promise<LegacyReply> {
    try {
      return await unlessAborted(connection.ask(operation, ...fields), signal)
    } finally {
      close(connection)
    }
  }

  function close(connection: LegacyConnection): void {
    connection.close()
    open.delete(connection)
  }

  async function forget(user: string): Promise<void> {
    if (connected?.user !== user) return
    const { listener } = connected
    connected = undefined
    await listener.close()
  }

  /** A message whose confirmation the server did not get comes again, with the same id; it is confirmed and not shown (wire-protocol 3, 2). */
  async function receiveOnce(item: Incoming): Promise<void> {
    if (item.kind === 'receipt') return receive(item)
    const before = shown.get(item.id)
    // COMPAT: the original server counts from 0 again after a restart, so the id alone does not tell.
    if (before?.sender === item.sender && before.text === item.text) return
    await receive(item)
    shown.delete(item.id)
    shown.set(item.id, item)
    for (const id of shown.keys()) if (shown.size > REMEMBERED) shown.delete(id)
  }
}

function granted(operation: LegacyOperation, reply: LegacyReply): LegacyReply {
  if (reply.code !== 0) throw legacyRefusal(operation, reply.code)
  return reply
}

/** The fault of what only the session protocol can do. */
function impossible(why: string): Fault {
  return new Fault('not-allowed', `the original protocol ${why}: use the session protocol`)
}

/** A field as bytes. NUL and newline end a field of this protocol, so none can be inside (wire-protocol 1). */
function field(what: string, text: string): ByteString {
  if (/[\0\n]/.test(text)) throw new Fault('invalid-request', `a ${what} cannot hold NUL or a newline`)
  return toByteString(text)
}

/** Where to listen so that the server reaches us: on loopback nowhere else, otherwise on all addresses of the family. */
function listenAddress(localAddress: string): string {
  if (localAddress === '::1' || localAddress.startsWith('127.')) return localAddress
  return isIPv4(localAddress) ? '0.0.0.0' : '::'
}
