import { connect, isIPv6 } from 'node:net'
import { meetsItself } from '../domain/address.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { encodeLegacyFrame, type LegacyOperation } from '../wire/legacy.ts'
import { createLegacyReplyDecoder } from '../wire/legacy-reply.ts'
import { CannotConnect, connectionFailure, nobodyListens, TimedOut } from './errors.ts'

/** Where the server is, and how long a whole request may take, in milliseconds. */
export interface LegacyServer {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
}

/** The answer to one request: the reply byte and, for an accepted SEND, the message id. */
export interface LegacyReply {
  readonly code: number
  readonly id?: number
}

/** One connection, for one request (wire-protocol 1). */
export interface LegacyConnection {
  /** Our own address as this connection has it: where the server dials back to. */
  readonly localAddress: string
  /** The server's address as it was resolved: who may dial us. */
  readonly remoteAddress: string
  /** Sends the request and resolves to its reply, which closes the connection; the server's close is not waited for. */
  ask(operation: LegacyOperation, ...fields: readonly ByteString[]): Promise<LegacyReply>
  /** Gives the connection up. */
  close(): void
}

/** Opens a connection. The time limit starts here and covers the reply. Rejects with `CannotConnect` or `TimedOut`. */
export async function openLegacyConnection(server: LegacyServer): Promise<LegacyConnection> {
  const address = `${isIPv6(server.host) ? `[${server.host}]` : server.host}:${server.port}`
  const socket = connect({ host: server.host, port: server.port, noDelay: true })
  const timer = setTimeout(() => {
    const limit = `${server.timeoutMs / 1000} s`
    socket.destroy(new TimedOut(address, `${address} did not answer within ${limit}: is it a dms server?`))
  }, server.timeoutMs)

  let advice = 'start the server, or name another with -s and -p'
  const failed = new Promise<never>((_, reject) => {
    socket.once('error', (error) => {
      const failure = `cannot reach ${address} (${connectionFailure(error)}): ${advice}`
      reject(error instanceof TimedOut ? error : new CannotConnect(address, failure))
    })
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new CannotConnect(address, `${address} closed the connection without an answer: ${advice}`))
    })
  })
  failed.catch(() => {}) // whoever waits hears of it; with nobody waiting it is no news

  const connected = new Promise<void>((resolve) => {
    socket.once('connect', () => {
      if (meetsItself(socket)) socket.destroy(nobodyListens())
      else resolve()
    })
  })
  await Promise.race([connected, failed])
  return {
    localAddress: socket.localAddress ?? '',
    remoteAddress: socket.remoteAddress ?? '',
    ask(operation, ...fields) {
      advice = 'it is not known whether the request was carried out'
      const decoder = createLegacyReplyDecoder(operation)
      const reply = new Promise<LegacyReply>((resolve, reject) => {
        socket.on('data', function listen(chunk) {
          const decoding = decoder.decode(chunk)
          if (decoding.state === 'incomplete') return
          if (decoding.state === 'complete') resolve(decoding)
          else reject(new CannotConnect(address, `${address} does not answer like a dms server`))
          socket.off('data', listen)
          socket.destroy()
        })
      })
      socket.write(encodeLegacyFrame(operation, ...fields))
      return Promise.race([reply, failed])
    },
    close: () => socket.destroy(),
  }
}
