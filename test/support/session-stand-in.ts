import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { fromByteString } from '../../src/domain/byte-string.ts'
import { CLIENT_FRAMES, encodeFrame, SessionDecoder } from '../../src/wire/session.ts'

/** A frame that a client sent. */
export type ClientFrame = readonly [operation: string, ...fields: string[]]

/** A connection of a client, as a stand-in sees it. */
export interface StandInPeer {
  /** From 0, in the order they came. */
  readonly number: number
  /** Sends one frame. */
  send(operation: string, ...fields: readonly (string | number)[]): void
  /** Sends bytes that need not be a frame. */
  sendBytes(bytes: string | Uint8Array): void
  /** Ends the connection: at once, or in order. */
  cut(): void
  end(): void
}

/** A server of the session protocol that does what a test says, well or not. */
export interface SessionStandIn {
  readonly port: number
  /** What came, on all connections. */
  readonly frames: readonly ClientFrame[]
  /** Resolves to the first frame that fits, seen already or not. */
  until(operation: string, fits?: (fields: readonly string[]) => boolean): Promise<ClientFrame>
  close(): Promise<void>
}

/** What a stand-in does about a frame. */
export type OnClientFrame = (frame: ClientFrame, peer: StandInPeer) => void

/** Answers that a good server would give: the opening, and OK to everything else that has a ref. */
export function answerWell([operation, ref]: ClientFrame, peer: StandInPeer): void {
  if (operation === 'SESSION') peer.send('SESSION', 1, 65_536, 256, 30)
  else if (operation !== 'ACK' && operation !== 'PONG') peer.send('OK', ref ?? '', 0)
}

/** Starts a stand-in on a free port. */
export async function openSessionStandIn(onFrame: OnClientFrame): Promise<SessionStandIn> {
  const frames: ClientFrame[] = []
  const sockets = new Set<Socket>()
  const lookers = new Set<() => void>()
  let connections = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const peer: StandInPeer = {
      number: connections++,
      send: (operation, ...fields) => socket.write(encodeFrame(operation, ...fields), 'latin1'),
      sendBytes: (bytes) => socket.write(bytes),
      cut: () => socket.resetAndDestroy(),
      end: () => socket.end(),
    }
    const decoder = new SessionDecoder(CLIENT_FRAMES, 1 << 20, (operation, fields) => {
      const frame: ClientFrame = [operation, ...fields.map(fromByteString)]
      frames.push(frame)
      onFrame(frame, peer)
      for (const look of lookers) look()
    })
    socket.on('data', (chunk) => decoder.decode(chunk))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    frames,
    until: (operation, fits = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          const found = frames.find(([name, ...fields]) => name === operation && fits(fields))
          if (found === undefined) return
          lookers.delete(look)
          resolve(found)
        }
        lookers.add(look)
        look()
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
