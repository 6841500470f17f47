import { createHmac, randomBytes } from 'node:crypto'
import { createAllowances } from '../domain/allowances.ts'
import { Fault } from '../domain/fault.ts'
import { sourceOf } from '../domain/source.ts'

/** What one source may still ask. Looked up once a connection, so that asking it is cheap. */
export interface RequestAllowance {
  /** Is nothing left for now. */
  spent(): boolean
  /** So many requests were taken. */
  spend(count: number): void
}

/** Requests by source (reliability, security). */
export interface RequestLimit {
  /** The allowance of whoever connects from this address; its other connections share it. */
  of(address: string): RequestAllowance
  /** What a request beyond the limit is told. */
  readonly refusal: Fault
}

/** Sources that are looked up without a hash. */
const MAX_KNOWN = 1024

/**
 * @param perSecond requests a second of one source, and as many at once.
 * @param now a clock in milliseconds that never goes back.
 */
export function createRequestLimit(perSecond: number, now: () => number): RequestLimit {
  const allowances = createAllowances({ burst: perSecond, perSecond })
  // Two sources may share an allowance by chance; which ones do is secret, so that nobody can use up another's on purpose.
  const key = randomBytes(32)
  // Sources that connect again and again, as the original's clients do for each request, are looked up here.
  const known = new Map<string, RequestAllowance>()
  return {
    of(address) {
      const source = sourceOf(address)
      const found = known.get(source)
      if (found !== undefined) return found
      const slot = createHmac('sha256', key).update(source).digest().readUInt16BE()
      const allowance: RequestAllowance = {
        spent: () => allowances.wait(slot, now()) > 0,
        spend: (count) => allowances.spend(slot, now(), count),
      }
      if (known.size >= MAX_KNOWN) known.clear()
      known.set(source, allowance)
      return allowance
    },
    refusal: new Fault('try-again', `more than ${perSecond} requests a second from this address: slow down`),
  }
}
