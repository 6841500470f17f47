import {
  createServer,
  type IncomingMessage,
  type Server as PlainServer,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { plainAddress } from '../domain/address.ts'
import { ConnectionLimit, type ConnectionLimits } from '../domain/connection-limit.ts'
import type { Observer } from '../domain/observer.ts'

/** A way past node:http for some requests; connections that it does not serve it hands over. */
export interface FastPath {
  /** Takes a connection that nobody has read from. */
  accept(socket: Socket): void
  /** Closes its idle connections at once, the others with the answer under way. */
  close(): void
  /** Cuts all its connections. */
  destroy(): void
}

/** Where to listen, and who answers. */
export interface HttpServerOptions {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Who answers POSTs, by path. Answers `Expect: 100-continue` itself. */
  readonly endpoints: ReadonlyMap<string, RequestListener>
  /** Who answers everything else. */
  readonly app: RequestListener
  /** Makes the fast path, which gets the connections first. Default: there is none, all go to node:http. */
  readonly fastPath?: (options: {
    readonly handOver: (socket: Socket) => void
    readonly requestTimeoutMs: number
  }) => FastPath
  /** Connections at a time; those that are too many are told so, and closed. Default: any number. */
  readonly limits?: ConnectionLimits
  /** How long a whole request may take to arrive, in milliseconds; one to an endpoint whose body has parts is the endpoint's to cut. */
  readonly requestTimeoutMs?: number
  /** Told of connections as they open and close, and of those refused. */
  readonly observer?: Pick<Observer, 'opened' | 'closed' | 'refused'>
  /** With a certificate (and its chain) and its key, PEM, it speaks HTTPS, TLS 1.2 or newer. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

/** A listening HTTP server. */
export interface HttpServer {
  readonly address: string
  readonly port: number
  /** Takes no more connections, answers what was asked, and resolves when all connections are closed; those that take longer than `graceMs` are cut. */
  close(graceMs?: number): Promise<void>
  /** Connections from now on use this certificate. Throws when it cannot be used, and the old one stays. */
  renewTls(files: { readonly cert: string; readonly key: string }): void
}

const MAX_HEADER_BYTES = 16 * 1024
const CLOSE_IDLE_EVERY_MS = 20
/** How long who was turned away may take to read why, in milliseconds. */
const LINGER_MS = 1000
/** So many may at a time; the others are just closed. */
const MOST_TURNED_AWAY = 100
const MULTIPART = /^\s*multipart\//i

/** Opens the server. Rejects with node's error (EADDRINUSE, EACCES, …) where it cannot listen. */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, endpoints, app, requestTimeoutMs = 10_000, observer } = options

  // POSTs of SOAP go past the router, which would cost more than all the rest (soap 3).
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const endpoint = request.method === 'POST' ? endpoints.get(pathOf(request.url ?? '/')) : undefined
    // Files may take longer; who reads them sees to it that they come at all.
    const isUpload = endpoint !== undefined && MULTIPART.test(request.headers['content-type'] ?? '')
    if (!isUpload) cutLate(request, response, requestTimeoutMs)
    if (endpoint === undefined) app(request, response)
    else endpoint(request, response)
  }
  const serverOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    // Has one for all requests; `cutLate` has one for each.
    requestTimeout: 0,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, Math.ceil(requestTimeoutMs / 4)),
    noDelay: true,
  }
  const server =
    options.tls === undefined
      ? createServer(serverOptions, listener)
      : createHttpsServer({ ...serverOptions, minVersion: 'TLSv1.2', ...options.tls }, listener)
  // Node drops what comes behind the first thousand, without a word: what a proxy wrote behind a caller's own could be among it.
  server.maxHeadersCount = 0
  server.on('checkContinue', listener)
  const protocol = options.tls === undefined ? 'http' : 'https'
  const fastPath =
    options.fastPath && putBefore(server, CONNECTION[protocol], options.fastPath, requestTimeoutMs)
  server.on('connection', (socket) => {
    observer?.opened?.(protocol)
    socket.on('close', () => observer?.closed?.(protocol))
  })
  if (options.limits !== undefined) keepLimits(server, options.limits, options.tls !== undefined, observer)

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address() as AddressInfo

  return {
    address: bound.address,
    port: bound.port,
    async close(graceMs = 5000) {
      // Connections kept alive are closed as soon as each has its answer.
      const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS)
      const cut = setTimeout(() => {
        fastPath?.destroy()
        server.closeAllConnections()
      }, graceMs)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        fastPath?.close()
      })
      fastPath?.destroy()
      clearInterval(idle)
      clearTimeout(cut)
    },
    renewTls: (files) => (server as HttpsServer).setSecureContext({ minVersion: 'TLSv1.2', ...files }),
  }
}

const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'

/** Cuts the connection of a request that has not arrived whole in time, with what node:http says then. */
function cutLate(request: IncomingMessage, response: ServerResponse, requestTimeoutMs: number): void {
  if (request.complete) return
  const { socket } = request
  const late = setTimeout(() => {
    if (request.complete) return
    if (!response.headersSent) socket.write(TIMED_OUT, 'latin1')
    socket.destroySoon()
  }, requestTimeoutMs).unref()
  request.once('close', () => clearTimeout(late))
}

/** The events that bring connections to node:http's own listener. */
const CONNECTION = { http: 'connection', https: 'secureConnection' } as const

/** Connections go to the fast path; those that it hands over go where they would have gone. */
function putBefore(
  server: HttpsServer | PlainServer,
  event: (typeof CONNECTION)[keyof typeof CONNECTION],
  create: NonNullable<HttpServerOptions['fastPath']>,
  requestTimeoutMs: number,
): FastPath {
  const own = server.listeners(event)
  server.removeAllListeners(event)
  const fastPath = create({
    handOver: (socket) => {
      for (const listener of own) listener.call(server, socket)
    },
    requestTimeoutMs,
  })
  server.on(event, (socket: Socket) => fastPath.accept(socket))
  return fastPath
}

/** Lets no more connections through to whoever is to have them. */
function keepLimits(
  server: HttpsServer | PlainServer,
  limits: ConnectionLimits,
  secure: boolean,
  observer: HttpServerOptions['observer'],
): void {
  const limit = new ConnectionLimit(limits)
  let turnedAway = 0
  const admitted = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    const why = limit.admit(remoteAddress)
    if (why === undefined) {
      socket.on('close', () => limit.release(remoteAddress))
      for (const listener of admitted) listener.call(server, socket)
    } else {
      observer?.refused?.(plainAddress(remoteAddress), why)
      turnAway(socket, why)
    }
  })

  /** What is on its way is read and thrown away: a reset would take the answer with it. */
  function turnAway(socket: Socket, why: string): void {
    socket.on('error', () => {})
    if (secure || turnedAway === MOST_TURNED_AWAY) {
      socket.destroy()
      return
    }
    turnedAway++
    const lingering = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.on('close', () => {
      turnedAway--
      clearTimeout(lingering)
    })
    const head = `HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${why.length}`
    socket.end(`${head}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n${why}`, 'latin1')
    socket.resume()
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
