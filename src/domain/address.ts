/** The plain form of an address that a dual-stack socket reports: `::ffff:127.0.0.1` is 127.0.0.1. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

/** Is it this machine speaking to itself: 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** The two ends of a TCP connection, as a socket tells them; undefined once it is closed. */
export interface ConnectionEnds {
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

/**
 * Has a dial met itself? Where nobody listens on a port of the range that the system dials from, TCP may connect a dial to itself
 * (RFC 9293, 3.5, simultaneous open). To whoever dialled that is a connection refused: all that comes is what was sent.
 */
export function meetsItself({ localAddress, localPort, remoteAddress, remotePort }: ConnectionEnds): boolean {
  return localPort !== undefined && localPort === remotePort && localAddress === remoteAddress
}
