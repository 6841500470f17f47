import type { Socket } from 'node:net'
import { createBusyPoll } from './busy-poll.ts'
import type { ProxyTrust } from './caller-origin.ts'
import type { SoapEndpoint } from './endpoint.ts'
import { FastConnection, type FastServer, type Waiting } from './fast-connection.ts'
import { KEEP_ALIVE_MS } from './fast-reply.ts'
import type { HeldBytes } from './held-bytes.ts'

/** What the fast path needs. */
export interface FastHttpOptions {
  readonly endpoints: ReadonlyMap<string, SoapEndpoint>
  /** Counts what has come of requests, and answers until they are taken. A whole request that came at once is not held. */
  readonly held: HeldBytes
  /** Gives a connection to the full HTTP server, which begins with what is still to be read from it. */
  readonly handOver: (socket: Socket) => void
  /** How long a whole request may take to arrive, and an answer may wait to be read, in milliseconds. */
  readonly requestTimeoutMs: number
  /** Whose word for a caller's address and scheme counts. Default: nobody's. */
  readonly trusts?: ProxyTrust
}

/** Answers plain POSTs from the socket; any other connection is handed over. */
export interface FastHttp {
  /** Takes a connection that nobody has read from. */
  accept(socket: Socket): void
  /** The server closes: idle connections go at once, the others with the answer under way. */
  close(): void
  /** Cuts all connections that are still here. */
  destroy(): void
}

const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'

/**
 * The way past node:http for what is most of the traffic: whole, plain POSTs on a kept connection (soap 3). It is small and
 * strict: whatever is not plain beyond doubt is handed over before any of it was acted upon, and for good.
 */
export function createFastHttp(options: FastHttpOptions): FastHttp {
  const { endpoints, held, handOver, requestTimeoutMs, trusts = () => false } = options
  const connections = new Set<FastConnection>()
  // The clock is as old as the last sweep, so what seems to have waited may have waited that much less.
  const sweepMs = Math.min(1000, Math.ceil(requestTimeoutMs / 4))
  let closing = false
  let now = performance.now()
  const server: FastServer = {
    endpoints,
    held,
    trusts,
    handOver,
    answered: createBusyPoll(),
    stallMs: requestTimeoutMs,
    now: () => now,
    closing: () => closing,
    forget: (connection) => connections.delete(connection),
  }

  /** What becomes of a connection that has waited so long. */
  const timeouts: Readonly<
    Record<Waiting, ((connection: FastConnection, waited: number) => void) | undefined>
  > = {
    first: (connection, waited) => {
      if (waited > requestTimeoutMs + sweepMs) connection.cut(TIMED_OUT)
    },
    rest: (connection, waited) => {
      if (waited > requestTimeoutMs + sweepMs) connection.cut(TIMED_OUT)
    },
    next: (connection, waited) => {
      if (waited > KEEP_ALIVE_MS + sweepMs) connection.cut()
    },
    answer: undefined,
    drain: (connection, waited) => {
      if (waited > requestTimeoutMs + sweepMs) connection.cut()
    },
  }
  const sweep = setInterval(() => {
    now = performance.now()
    for (const connection of connections) timeouts[connection.waiting]?.(connection, now - connection.since)
  }, sweepMs)
  sweep.unref()

  return {
    accept(socket) {
      connections.add(new FastConnection(socket, server))
    },
    close() {
      closing = true
      for (const connection of [...connections]) {
        if (connection.waiting === 'next') connection.cut()
        else if (connection.waiting === 'first' || connection.waiting === 'rest') connection.release()
      }
    },
    destroy() {
      clearInterval(sweep)
      for (const connection of [...connections]) connection.cut()
    },
  }
}
