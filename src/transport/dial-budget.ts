import { createHmac, randomBytes } from 'node:crypto'
import { isLoopback } from '../domain/address.ts'
import { createAllowances } from '../domain/allowances.ts'
import { sourceOf } from '../domain/source.ts'

/** Failed dials that a source may cause in one go, and how many a second come back (reliability, security: "at most a few a second per source"). */
const FAILED_DIALS = { burst: 50, perSecond: 5 } as const

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

/**
 * Memory is fixed, whatever addresses come. Whoever is on this machine can dial it without us; and there all clients are one
 * address, which one that listens nowhere must not use up for the others: loopback costs nothing.
 * @param now a clock in milliseconds that never goes back.
 */
export function createDialBudget(now: () => number): DialBudget {
  const allowances = createAllowances(FAILED_DIALS)
  // Two sources may share an allowance by chance; which ones do is secret, so that nobody can use up another's on purpose.
  const key = randomBytes(32)
  const slot = (address: string) =>
    createHmac('sha256', key).update(sourceOf(address)).digest().readUInt16BE()
  return {
    delay: (address) => (isLoopback(address) ? 0 : allowances.wait(slot(address), now())),
    failed(address) {
      if (!isLoopback(address)) allowances.spend(slot(address), now())
    },
  }
}
