/** The plain form of an address that a dual-stack socket reports: `::ffff:127.0.0.1` is 127.0.0.1. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

/** Is it this machine speaking to itself: 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
