import { isLoopback } from '../domain/address.ts'

/** Failed dials that a source may cause in one go, and how many a second come back (reliability, security: "at most a few a second per source"). */
const BURST = 50
const PER_SECOND = 5

interface Allowance {
  left: number
  at: number
}

/**
 * How often a source may make the server dial in vain. A push connection is dialled where a request said (FTP bounce,
 * CVE-1999-0017); this keeps it from serving as a port scanner. Dials that succeed cost nothing.
 */
export interface DialBudget {
  /** Milliseconds to wait before a dial on behalf of this address; 0: go ahead. */
  delay(address: string): number
  /** A dial on behalf of this address failed. */
  failed(address: string): void
}

/** @param now a clock in milliseconds that never goes back. */
export function createDialBudget(now: () => number): DialBudget {
  const allowances = new Map<string, Allowance>()

  return {
    delay(address) {
      const allowance = current(address)
      return allowance === undefined || allowance.left >= 1 ? 0 : ((1 - allowance.left) / PER_SECOND) * 1000
    },
    failed(address) {
      // Whoever is on this machine can dial it without us; and there, all clients are one address, which one that
      // listens nowhere must not use up for the others.
      if (isLoopback(address)) return
      const allowance = current(address) ?? { left: BURST, at: now() }
      allowance.left -= 1
      allowances.set(address, allowance)
    },
  }

  /** What is left now; an address whose allowance is full again is forgotten, so that the table stays small. */
  function current(address: string): Allowance | undefined {
    const allowance = allowances.get(address)
    if (allowance === undefined) return undefined
    const time = now()
    allowance.left += ((time - allowance.at) / 1000) * PER_SECOND
    allowance.at = time
    if (allowance.left < BURST) return allowance
    allowances.delete(address)
    return undefined
  }
}
