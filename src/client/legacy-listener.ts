import { createServer, type Socket } from 'node:net'
import { fromByteString } from '../domain/byte-string.ts'
import { createLegacyDecoder, LEGACY_PUSHES, type LegacyFrame, type LegacyPush } from '../wire/legacy.ts'
import type { Incoming, Receive } from './client.ts'

/** Where a push listener listens, whom it listens to, and who takes what comes in. */
export interface LegacyListenerOptions {
  /** The address to bind; the port is the system's choice. */
  readonly host: string
  /** The only address that may dial: the server's. */
  readonly from: string
  readonly receive: Receive
}

/** An open push listener. */
export interface LegacyListener {
  readonly port: number
  /** Stops listening. A push that has not arrived whole is cut, so that it stays in the mailbox. */
  close(): Promise<void>
}

/** The longest field a push may have, in bytes: beyond any sensible server's limit, and yet a limit. */
const MAX_FIELD_BYTES = 16 * 1024 * 1024
/** How long a push may take to arrive, and how long the server may take to close after it. */
const PUSH_DEADLINE_MS = 5_000
/** Pushes come one at a time; some slack for a server that starts the next before it has seen our close. */
const MAX_CONNECTIONS = 16

/**
 * Opens the listener that a CONNECT names (wire-protocol 1). A push is read whole, taken by `receive`, and then
 * confirmed by closing. What cannot be read is cut off with a reset: a close would say that it was delivered.
 */
export async function openLegacyListener(options: LegacyListenerOptions): Promise<LegacyListener> {
  const sockets = new Set<Socket>()
  let turn: Promise<void> = Promise.resolve()

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (plainAddress(socket.remoteAddress) !== plainAddress(options.from)) {
      socket.resetAndDestroy()
      return
    }
    sockets.add(socket)
    // COMPAT: the original server cuts texts at 255 bytes, and so perhaps through the middle of a character.
    const decoder = createLegacyDecoder(LEGACY_PUSHES, MAX_FIELD_BYTES, 'replace')
    const reset = () => {
      socket.resetAndDestroy()
    }
    let deadline = setTimeout(reset, PUSH_DEADLINE_MS)
    socket.once('close', () => {
      clearTimeout(deadline)
      sockets.delete(socket)
    })
    socket.on('error', () => {}) // 'close' follows, and an item that was not confirmed comes again
    socket.once('end', reset) // the push ended before it was whole
    socket.on('data', (chunk) => {
      const decoding = decoder.decode(chunk)
      if (decoding.state === 'incomplete') return
      const item = decoding.state === 'complete' ? incoming(decoding.frame) : undefined
      if (item === undefined) {
        reset()
        return
      }
      clearTimeout(deadline)
      socket.removeAllListeners('data').off('end', reset).resume()
      turn = turn
        .then(() => options.receive(item))
        .then(() => {
          socket.end()
          deadline = setTimeout(() => socket.destroy(), PUSH_DEADLINE_MS).unref()
        })
        .catch(reset)
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: 0 }, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await turn // what has arrived whole is taken and confirmed
      for (const socket of sockets) {
        if (socket.writableEnded) socket.destroySoon()
        else socket.resetAndDestroy()
      }
      await closed
    },
  }
}

/** The item a push carries, or undefined if its id is none. */
function incoming({ operation, fields }: LegacyFrame<LegacyPush>): Incoming | undefined {
  const [first = '', second = '', third = ''] = fields.map(fromByteString)
  const digits = operation === 'SEND_MESSAGE' ? second : first
  const id = Number(digits)
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(id)) return undefined
  return operation === 'SEND_MESSAGE'
    ? { kind: 'message', id, sender: first, text: third }
    : { kind: 'receipt', id }
}

/** An address as IPv4 where it is IPv4 (RFC 4291, 2.5.5.2). */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
