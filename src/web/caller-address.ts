import type { Request } from 'express'

/** RFC 3986's reg-name without percent-encoding, an IPv4 address or an IPv6 address in brackets; then a port. */
const HOST = /^([a-z0-9](?:[a-z0-9._-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?$/i
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]{1,64}){1,8}\/?$/
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** The headers that a trusted proxy tells the address with. `Forwarded` (RFC 7239) is not read (decision 15). */
export const FORWARDED_HEADERS: readonly string[] = [
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
]

/** A host and its port; undefined: it is none that may stand in an address. */
interface Authority {
  readonly host: string
  readonly port: number | undefined
}

function port(text: string | undefined): number | undefined {
  const number = text !== undefined && /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  return number > 0 && number <= 65_535 ? number : undefined
}

function authority(text: string | undefined): Authority | undefined {
  const found = HOST.exec(text ?? '')
  if (found === null || (found[2] !== undefined && port(found[2]) === undefined)) return undefined
  return { host: found[1] as string, port: port(found[2]) }
}

function socketAuthority({ localAddress = '127.0.0.1', localPort }: Request['socket']): Authority {
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/, '')
  return { host: address.includes(':') ? `[${address}]` : address, port: localPort }
}

/** What the proxy that we trust wrote itself: proxies put theirs behind what a caller sent along. */
function forwarded(request: Request, name: string): string | undefined {
  const trusts = request.app.get('trust proxy fn') as (address: string, hop: number) => boolean
  if (!trusts(request.socket.remoteAddress ?? '', 0)) return undefined
  return request.get(name)?.split(',').at(-1)?.trim()
}

/**
 * The address of this server as its caller knows it, without a slash at the end: the public URL where one is configured,
 * else what a trusted proxy says (express's `trust proxy`), else the Host header if it is one, else the socket's own address.
 * Whatever is no scheme, host, port or path in form is passed over, so that no caller can put anything else into it.
 */
export function callerAddress(request: Request, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '')
  const proto = forwarded(request, 'X-Forwarded-Proto')?.toLowerCase()
  const scheme =
    proto === 'http' || proto === 'https' ? proto : 'encrypted' in request.socket ? 'https' : 'http'

  const told = authority(forwarded(request, 'X-Forwarded-Host'))
  const found = told ?? authority(request.headers.host) ?? socketAuthority(request.socket)
  const toldPort = told?.port ?? port(forwarded(request, 'X-Forwarded-Port'))
  const shown = toldPort ?? (told === undefined ? found.port : undefined)
  const suffix = shown === undefined || shown === DEFAULT_PORTS[scheme] ? '' : `:${shown}`

  const prefix = forwarded(request, 'X-Forwarded-Prefix') ?? ''
  return `${scheme}://${found.host}${suffix}${PREFIX.test(prefix) ? prefix.replace(/\/$/, '') : ''}`
}
