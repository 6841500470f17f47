import { connect, isIP, isIPv6, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { meetsItself } from '../domain/address.ts'
import { CannotConnect, connectionFailure, isUnvouched, nobodyListens } from './errors.ts'

/** Where a server of the session protocol is. */
export interface SessionServer {
  readonly host: string
  readonly port: number
  /** How long opening a connection may take, and then each request, in milliseconds. */
  readonly timeoutMs: number
  /** With it the connection is TLS 1.2 or newer. */
  readonly tls?: TlsTrust | undefined
}

/** Whom to believe. */
export interface TlsTrust {
  /** Certificates of authorities, PEM, instead of those that Node knows. */
  readonly ca?: string | Buffer | undefined
  /** The name that the certificate must be for, if not the host's. */
  readonly servername?: string | undefined
}

/** How a person writes the address. */
export function addressOf({ host, port }: Pick<SessionServer, 'host' | 'port'>): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** Opens a connection: TCP, and TLS if asked for. Rejects with `CannotConnect`, or with the reason of the signal, which says how long it may take. */
export function dial(server: SessionServer, signal: AbortSignal): Promise<Socket> {
  const { host, port, tls } = server
  const socket = tls === undefined ? connect({ host, port, noDelay: true }) : dialTls(server, tls)
  return new Promise((resolve, reject) => {
    const abort = () => fail(signal.reason)
    const onError = (error: Error) =>
      fail(cannotReach(server, connectionFailure(error), isUnvouched(error) ? TRUST : START))
    const onClose = () => fail(cannotReach(server, 'the connection was cut', START))
    const release = () => {
      signal.removeEventListener('abort', abort)
      socket.off('close', onClose)
    }
    const fail = (reason: Error) => {
      release()
      socket.destroy()
      reject(reason)
    }
    // Stays: what comes later is heard by others, or by nobody.
    socket.on('error', onError)
    socket.once('close', onClose)
    socket.once('connect', () => {
      if (meetsItself(socket)) onError(nobodyListens())
    })
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      release()
      resolve(socket)
    })
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

const START = 'start the server, or name another host or port'
const TRUST = 'name who vouches for it with --ca (ca: in a program)'

function cannotReach(server: SessionServer, failure: string, advice: string): CannotConnect {
  const address = addressOf(server)
  const how = server.tls === undefined ? '' : ' over TLS'
  return new CannotConnect(address, `cannot reach ${address}${how} (${failure}): ${advice}`)
}

function dialTls({ host, port }: SessionServer, { ca, servername }: TlsTrust): Socket {
  return connectTls({
    host,
    port,
    minVersion: 'TLSv1.2',
    // An address cannot be named in the handshake (RFC 6066, 3); the certificate is checked against it all the same.
    ...(servername === undefined ? (isIP(host) === 0 ? { servername: host } : {}) : { servername }),
    ...(ca === undefined ? {} : { ca }),
  }).setNoDelay(true)
}
