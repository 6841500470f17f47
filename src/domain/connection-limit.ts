import { plainAddress } from './address.ts'
import { sourceOf } from './source.ts'

/** How many connections a port takes at a time, in all and from one source. */
export interface ConnectionLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
}

/** Counts the connections of a port. */
export class ConnectionLimit {
  readonly #limits: ConnectionLimits
  readonly #bySource = new Map<string, number>()
  #open = 0

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  /** Counts a connection from this address; it must be released. Otherwise says why it is one too many. */
  admit(address: string | undefined): string | undefined {
    const source = sourceOf(plainAddress(address))
    const count = (this.#bySource.get(source) ?? 0) + 1
    if (this.#open >= this.#limits.maxConnections) return 'too many connections'
    if (count > this.#limits.maxConnectionsPerAddress) return 'too many connections from this address'
    this.#open++
    this.#bySource.set(source, count)
    return undefined
  }

  /** A connection from this address that was admitted has closed. */
  release(address: string | undefined): void {
    const source = sourceOf(plainAddress(address))
    const left = (this.#bySource.get(source) ?? 1) - 1
    if (left === 0) this.#bySource.delete(source)
    else this.#bySource.set(source, left)
    this.#open--
  }
}
