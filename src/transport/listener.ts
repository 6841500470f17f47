import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { plainAddress } from '../domain/address.ts'
import { ConnectionLimit, type ConnectionLimits } from '../domain/connection-limit.ts'
import type { Observer } from '../domain/observer.ts'
import type { Protocol } from './protocol.ts'

/** Where to listen, and what one server takes on. */
export interface ListenerOptions extends ConnectionLimits {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Asked in order; the first whose `matches` says yes serves the connection. */
  readonly protocols: readonly Protocol[]
  /** How long a connection may take to say which protocol it speaks, in milliseconds. */
  readonly openingTimeoutMs: number
  readonly observer: Observer
  /** With it the port speaks TLS 1.2 or newer, from the first byte. */
  readonly tls?: TlsFiles | undefined
}

/** A certificate with its chain, and its key; PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** A listening socket port. */
export interface Listener {
  readonly host: string
  readonly port: number
  /** Stops accepting. Resolves when every connection has closed; those that take longer than `graceMs` are cut. */
  close(graceMs: number): Promise<void>
  /** Connections from now on use this certificate. Throws when it cannot be used, and the old one stays. */
  renewTls(files: TlsFiles): void
}

/** The longest first word that any protocol has is far shorter; a peer that sends more without an end speaks none of them. */
const MAX_FIRST_WORD = 64

/** Opens the socket port: accepts, keeps the limits, and hands each connection to the protocol of its first frame (wire-protocol, opening lines). Rejects with the error of listen(2). */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { host, port, protocols, openingTimeoutMs, observer } = options
  const limit = new ConnectionLimit(options)
  /** Connections that are open, and where each comes from. */
  const open = new Map<Socket, string>()
  const closed = new Map(protocols.map((protocol) => [protocol, () => observer.closed?.(protocol.name)]))

  // allowHalfOpen: a client may shut down its sending side after its request and still reads the reply.
  // noDelay: replies are written whole, waiting to merge them would only cost time.
  const socketOptions = { allowHalfOpen: true, noDelay: true }
  let server: Server
  if (options.tls === undefined) {
    server = createServer(socketOptions, (socket) => {
      if (admit(socket)) negotiate(socket)
    })
  } else {
    const handshake = { handshakeTimeout: openingTimeoutMs, minVersion: 'TLSv1.2', ...options.tls } as const
    // Who closes in the middle of a handshake has gone; afterwards half-open is what it is without TLS.
    server = createTlsServer({ ...socketOptions, ...handshake, allowHalfOpen: false }, (socket) => {
      socket.allowHalfOpen = true
      negotiate(socket)
    })
    // Limits count from the first packet, not from the handshake's end.
    server.on('connection', admit)
    server.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject)
      server.on('error', (error) => observer.internalError?.('accept', error))
      resolve()
    })
  })
  const address = server.address() as AddressInfo

  return {
    host: address.address,
    port: address.port,
    close: (graceMs) =>
      new Promise((resolve) => {
        for (const protocol of protocols) protocol.stop()
        const cut = setTimeout(() => {
          for (const socket of open.keys()) socket.destroy()
        }, graceMs)
        server.close(() => {
          clearTimeout(cut)
          resolve()
        })
      }),
    renewTls: (files) => (server as TlsServer).setSecureContext({ minVersion: 'TLSv1.2', ...files }),
  }

  /** Keeps the limits; a connection beyond them is told so and closed at once. */
  function admit(socket: Socket): boolean {
    const address = plainAddress(socket.remoteAddress)
    const why = limit.admit(address)
    if (why !== undefined) {
      observer.refused?.(address, why)
      turnAway(socket, why)
      return false
    }
    open.set(socket, address)
    socket.on('error', ignore)
    socket.on('close', release)
    return true
  }

  /** A connection has closed. One function for all of them, called on the socket: a closure for each would stay as long as they do. */
  function release(this: Socket): void {
    const address = open.get(this)
    if (address === undefined) return
    open.delete(this)
    limit.release(address)
  }

  /** Which protocol the peer speaks nobody knows yet: it gets the words of the first that has some, unless TLS would come first. */
  function turnAway(socket: Socket, why: string): void {
    socket.on('error', ignore)
    const words = protocols.find(({ refusal }) => refusal !== undefined)?.refusal?.(why)
    if (words !== undefined && options.tls === undefined) socket.write(words, 'latin1')
    socket.destroySoon()
  }

  /** Tells of a connection that has a protocol. Not within `negotiate`: the listener would hold on to the first chunk. */
  function count(socket: Socket, protocol: Protocol): void {
    observer.opened?.(protocol.name)
    socket.on('close', closed.get(protocol) as () => void)
  }

  /** Reads until the first frame's end and gives the connection, with what was read, to the protocol it belongs to. */
  function negotiate(socket: Socket): void {
    let opening: Buffer | undefined
    if (options.tls !== undefined) socket.on('error', ignore)
    const deadline = setTimeout(() => socket.destroy(), openingTimeoutMs)
    socket.on('data', onData)
    socket.on('close', leave)
    socket.on('end', giveUp)

    function onData(chunk: Buffer): void {
      opening = opening === undefined ? chunk : Buffer.concat([opening, chunk])
      const end = firstWordEnd(opening)
      if (end === -1) {
        if (opening.length > MAX_FIRST_WORD) giveUp()
        return
      }
      const word = opening.toString('latin1', 0, end)
      leave()
      const protocol = protocols.find((candidate) => candidate.matches(word))
      if (protocol === undefined) return void socket.destroy()
      count(socket, protocol)
      protocol.serve(socket, opening)
    }

    function giveUp(): void {
      leave()
      socket.destroy()
    }

    function leave(): void {
      clearTimeout(deadline)
      socket.off('data', onData)
      socket.off('close', leave)
      socket.off('end', giveUp)
    }
  }
}

/** A peer that resets is none of our business; 'close' follows and tidies up. */
function ignore(): void {}

/** Where the first word ends: at a NUL, or at a newline as the original protocol allows; -1 while it has not ended. */
function firstWordEnd(bytes: Buffer): number {
  const length = Math.min(bytes.length, MAX_FIRST_WORD + 1)
  for (let i = 0; i < length; i++) if (bytes[i] === 0x00 || bytes[i] === 0x0a) return i
  return -1
}
