import type { Request } from 'express'

/** RFC 3986's reg-name without percent-encoding, an IPv4 address or an IPv6 address in brackets; then a port. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?$/i

/** Is this a host, with or without a port, that may stand in an address. */
function isHost(host: string): boolean {
  const found = HOST.exec(host)
  return found !== null && Number(found[1] ?? 80) <= 65_535
}

function socketHost({ localAddress = '127.0.0.1', localPort = 80 }: Request['socket']): string {
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/, '')
  return address.includes(':') ? `[${address}]:${localPort}` : `${address}:${localPort}`
}

/**
 * The address of this server as its caller knows it, without a slash at the end: the public URL where one is configured,
 * else what a trusted proxy says (express's `trust proxy`), else the Host header if it is one, else the socket's own address.
 */
export function callerAddress(request: Request, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '')
  const scheme = request.protocol === 'https' ? 'https' : 'http'
  const { host } = request
  return `${scheme}://${typeof host === 'string' && isHost(host) ? host : socketHost(request.socket)}`
}
