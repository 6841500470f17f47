import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { fromByteString } from '../../src/domain/byte-string.ts'
import { createLegacyDecoder, LEGACY_PUSHES } from '../../src/wire/legacy.ts'

/** What a listener does with a push: reads and closes, as it should, or one of the ways not to. */
export type PushManners = 'reads' | 'closes unread' | 'resets' | 'stays silent'

/** A listener for pushes, byte for byte: what a client of the original protocol opens, with good or bad manners. */
export interface PushListener {
  readonly port: number
  readonly open: boolean
  manners: PushManners
  /** Resolves when the server has dialled so many times in all. */
  dialled(times: number): Promise<void>
  /** Stops listening; what is connected is reset. */
  close(): Promise<void>
}

/** Opens a listener on `port` (0: any). `hear` takes each push that was read, in words. */
export async function openPushListener(hear: (line: string) => void, port = 0): Promise<PushListener> {
  const sockets = new Set<Socket>()
  let dials = 0
  let wake = () => {}
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    dials++
    wake()
    MANNERS[listener.manners](socket, hear)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  const listener: PushListener = {
    port: (server.address() as AddressInfo).port,
    get open() {
      return server.listening
    },
    manners: 'reads',
    async dialled(times) {
      while (dials < times) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async close() {
      // One that was ended cannot be reset: libuv refuses, and its handle stays until the process ends, which then never does.
      for (const socket of sockets) {
        if (socket.writableEnded) socket.destroy()
        else socket.resetAndDestroy()
      }
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
  return listener
}

const MANNERS: Readonly<Record<PushManners, (socket: Socket, hear: (line: string) => void) => void>> = {
  reads(socket, hear) {
    const decoder = createLegacyDecoder(LEGACY_PUSHES, 1 << 20)
    socket.on('data', (chunk) => {
      const decoding = decoder.decode(chunk)
      if (decoding.state !== 'complete') return
      const [first = '', second = '', text = ''] = decoding.frame.fields.map(fromByteString)
      const message = decoding.frame.operation === 'SEND_MESSAGE'
      hear(message ? `${first}: ${text}` : `receipt ${first}`)
      expect(message ? second : first).toMatch(/^\d+$/)
    })
    socket.on('end', () => socket.end())
    socket.resume()
  },
  'closes unread': (socket) => socket.destroy(),
  resets: (socket) => socket.resetAndDestroy(),
  'stays silent': () => {},
}

/**
 * Sends these chunks, each in a packet of its own as far as that can be had, and resolves to everything that the server
 * answered until it closed. `then`: what the client does after the last one.
 */
export async function exchange(
  port: number,
  chunks: readonly (string | Uint8Array)[],
  then: 'waits' | 'half-closes' = 'waits',
): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
  await once(socket, 'connect')
  const answer: Buffer[] = []
  const closed = new Promise<void>((resolve) => {
    socket
      .once('end', resolve)
      .once('error', resolve)
      .once('close', () => resolve())
  })
  socket.on('data', (chunk) => answer.push(chunk))
  for (const chunk of chunks) {
    await new Promise((resolve) => socket.write(chunk, resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (then === 'half-closes') socket.end()
  await closed
  socket.destroy()
  return Buffer.concat(answer)
}
