import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createLegacyClient } from '../../src/client/legacy-client.ts'
import { fromByteString } from '../../src/domain/byte-string.ts'
import { Fault } from '../../src/domain/fault.ts'
import { createLegacyDecoder, LEGACY_PUSHES, type LegacyOperation } from '../../src/wire/legacy.ts'
import type { ActorFactory } from './actor.ts'
import { acceptedId, askLegacy } from './legacy-request.ts'

/** How long a request may wait for its answer; far beyond what a loaded machine takes. */
const TIMEOUT_MS = 60_000

/** A user of our client library with the original protocol. It remembers the messages that it showed; receipts it shows as they come. */
export const createLegacyClientActor: ActorFactory = (user, server, see) => {
  const client = createLegacyClient({ ...server, timeoutMs: TIMEOUT_MS }, (item) => {
    const { kind, id } = item
    if (kind === 'receipt') see({ kind, user, id })
    else see({ kind: 'shown', recipient: user, sender: item.sender, id, text: item.text })
  })
  return {
    user,
    outlivesServer: false,
    sendsAtATime: 1,
    mayRepeatAfterKill: { message: false, receipt: true },
    register: () => client.register(user),
    connect: async () => void (await client.connect(user)),
    disconnect: () => client.disconnect(user),
    send: (recipient, text) => client.send(recipient, text),
    // Its memory of what it showed must live on, so it is not closed; it shows nothing twice.
    abandon: async () => {},
    close: () => client.close(),
  }
}

/** A user of the original's program: shows whatever is pushed, remembers nothing. */
export const createOriginalActor: ActorFactory = (user, server, see) => {
  let listener: { server: Server; sockets: Set<Socket> } | undefined

  return {
    user,
    outlivesServer: false,
    sendsAtATime: 1,
    mayRepeatAfterKill: { message: true, receipt: true },
    register: async () => void (await ask('REGISTER', user)),
    async connect() {
      await stopListening()
      const port = await listen()
      await ask('CONNECT', user, String(port))
    },
    async disconnect() {
      await ask('DISCONNECT', user)
      await stopListening()
    },
    async send(recipient, text) {
      return acceptedId(await ask('SEND', user, recipient, text))
    },
    abandon: stopListening,
    close: stopListening,
  }

  async function ask(operation: LegacyOperation, ...fields: string[]): Promise<Buffer> {
    const reply = await askLegacy(server, operation, ...fields)
    if (reply[0] !== 0) throw new Fault('try-again', `${operation} answered ${reply[0]}`)
    return reply
  }

  async function listen(): Promise<number> {
    const sockets = new Set<Socket>()
    const listening = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => sockets.delete(socket))
      const decoder = createLegacyDecoder(LEGACY_PUSHES, 1 << 20)
      socket.on('data', (chunk) => {
        const decoding = decoder.decode(chunk)
        if (decoding.state !== 'complete') return
        const [first = '', id = '', text = ''] = decoding.frame.fields.map(fromByteString)
        if (decoding.frame.operation === 'SEND_MESS_ACK') see({ kind: 'receipt', user, id: Number(first) })
        else see({ kind: 'shown', recipient: user, sender: first, id: Number(id), text })
        socket.end()
      })
    })
    listening.listen({ port: 0, host: server.host })
    await once(listening, 'listening')
    listener = { server: listening, sockets }
    return (listening.address() as AddressInfo).port
  }

  /** What has not been read whole is reset, so that it counts as not delivered. */
  async function stopListening(): Promise<void> {
    if (listener === undefined) return
    const { server: listening, sockets } = listener
    listener = undefined
    listening.close()
    for (const socket of sockets) {
      if (socket.writableEnded) socket.destroySoon()
      else socket.resetAndDestroy()
    }
    await once(listening, 'close')
  }
}
