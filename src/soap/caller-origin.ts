import { isIP } from 'node:net'

/** Is this the address of a proxy whose words count. */
export type ProxyTrust = (address: string) => boolean

/** Where a request comes from, for every rule that asks. */
export interface Origin {
  /**
   * The caller's address, as far as it is known: what a trusted proxy says, else the one at the other end of the connection.
   * A proxy's, where the proxy is not trusted or does not say.
   */
  readonly remoteAddress: string | undefined
  /** Did TLS protect it: of the connection, or of what a trusted proxy took it from. */
  readonly secure: boolean
  /** Did it come through a proxy, trusted or not: then it is nobody on this machine, whatever its address. */
  readonly forwarded: boolean
}

/** What proxies have written into a request. */
export interface Forwarding {
  /** `X-Forwarded-For`: addresses with commas between, each proxy's own behind those before it. */
  readonly addresses: string
  /** `X-Forwarded-Proto`: `http` or `https`; also a list. */
  readonly schemes: string
}

/** The headers that proxies leave, of which one is enough. */
const OF_A_PROXY = /^(?:x-forwarded.*|x-real-ip|forwarded|via)$/
/** An address as some proxies write it, with a port or in brackets. */
const WITH_PORT = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?$/i

/** What proxies have written; undefined: nothing. Names are in lower case; a header that came twice is a list. */
export function forwardingOf(
  headers: Iterable<readonly [name: string, value: string | readonly string[] | undefined]>,
): Forwarding | undefined {
  let found = false
  let [addresses, schemes] = ['', '']
  for (const [name, value] of headers) {
    if (!OF_A_PROXY.test(name)) continue
    found = true
    if (name === 'x-forwarded-for') addresses = String(value)
    else if (name === 'x-forwarded-proto') schemes = String(value)
  }
  return found ? { addresses, schemes } : undefined
}

/**
 * Where a request on this connection comes from. Nothing that stands in it makes its caller more than the connection does,
 * but for a trusted proxy's word for the scheme (docs/decisions/0015-callers-behind-proxies.md).
 */
export function originOf(
  connection: Pick<Origin, 'remoteAddress' | 'secure'>,
  forwarding: Forwarding | undefined,
  trusts: ProxyTrust,
): Origin {
  const { remoteAddress, secure } = connection
  if (forwarding === undefined) return { remoteAddress, secure, forwarded: false }
  if (remoteAddress === undefined || !trusts(remoteAddress)) return { remoteAddress, secure, forwarded: true }
  return {
    remoteAddress: nearestUntrusted(remoteAddress, forwarding.addresses, trusts),
    // Of several proxies each must have been called over TLS; one that forges an entry can only add to them.
    secure: forwarding.schemes.split(',').every((scheme) => scheme.trim().toLowerCase() === 'https'),
    forwarded: true,
  }
}

/** From the nearest proxy on, each address is the word of the one before it, and is believed while that one is trusted. */
function nearestUntrusted(nearest: string, addresses: string, trusts: ProxyTrust): string {
  let address = nearest
  for (const entry of addresses.split(',').reverse()) {
    const told = addressOf(entry.trim())
    if (told === undefined || !trusts(address)) break
    address = told
  }
  return address
}

/** Undefined: `unknown`, a made-up name, or nonsense. */
function addressOf(entry: string): string | undefined {
  const [, bracketed, plain] = WITH_PORT.exec(entry) ?? []
  const address = bracketed ?? plain ?? entry
  return isIP(address) === 0 ? undefined : address
}
