import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { fromByteString } from '../../src/domain/byte-string.ts'
import {
  createLegacyDecoder,
  encodeLegacyReply,
  LEGACY_OPERATIONS,
  type LegacyOperation,
} from '../../src/wire/legacy.ts'

/** A request that a stand-in was asked. */
export interface StandInRequest {
  readonly operation: LegacyOperation
  readonly fields: readonly string[]
}

/** What a stand-in writes back: bytes, or undefined for silence. */
export type StandInAnswer = (
  request: StandInRequest,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>

/** A server of the original protocol that answers what a test says. It never closes a connection itself. */
export interface LegacyStandIn {
  readonly port: number
  readonly requests: readonly StandInRequest[]
  /** Dials the listener that the last CONNECT named, writes, and tells how the client ended it: `closed` says that it has the item. */
  push(...chunks: readonly Uint8Array[]): Promise<'closed' | 'reset'>
  /** Stops answering, frees the port. */
  close(): Promise<void>
}

/** The answer `0`: done. */
export const DONE = encodeLegacyReply(0)

/** Starts a stand-in. @param port 0: any. */
export async function openLegacyStandIn(answer: StandInAnswer, port = 0): Promise<LegacyStandIn> {
  const requests: StandInRequest[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    const decoder = createLegacyDecoder(LEGACY_OPERATIONS, 1 << 20)
    socket.on('data', async (chunk) => {
      const decoding = decoder.decode(chunk)
      if (decoding.state !== 'complete') return
      const { operation, fields } = decoding.frame
      const request = { operation, fields: fields.map(fromByteString) }
      requests.push(request)
      const reply = await answer(request)
      if (reply !== undefined) socket.write(reply)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async push(...chunks) {
      const named = requests.findLast(({ operation }) => operation === 'CONNECT')?.fields[1]
      const socket = connect({ host: '127.0.0.1', port: Number(named), noDelay: true })
      const ending = new Promise<'closed' | 'reset'>((resolve) => {
        socket.once('error', () => resolve('reset'))
        socket.once('end', () => resolve('closed'))
      })
      socket.resume()
      for (const chunk of chunks) await new Promise((resolve) => socket.write(chunk, resolve))
      return await ending
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
