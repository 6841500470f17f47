import { createHmac } from 'node:crypto'
import { Fault } from '../domain/fault.ts'
import type { UserName } from '../domain/user-name.ts'

/** An allowance of failed attempts: how many in one go, and how many a second come back. */
export interface AttemptRate {
  readonly burst: number
  readonly perSecond: number
}

/** How many failed attempts are taken from one source, and for one user. */
export interface AttemptLimits {
  readonly perSource: AttemptRate
  readonly perUser: AttemptRate
}

/**
 * A source gets back less than a user does. So one source alone never uses up a user's allowance, and cannot lock anybody out;
 * many sources together can make a user wait for a second or so at a time, and get 86,400 guesses a day at that user.
 */
export const ATTEMPT_LIMITS: AttemptLimits = {
  perSource: { burst: 20, perSecond: 0.5 },
  perUser: { burst: 10, perSecond: 1 },
}

/**
 * Failed attempts to authenticate, counted by source and by user (reliability, security). Attempts that succeed cost nothing
 * and give nothing back: a guesser cannot buy tries with an account of his own.
 */
export interface AttemptLimit {
  /** Throws `try-again`, with the seconds to wait, when the source or the user has failed too often. */
  check(source: string, user: UserName): void
  /** An attempt failed. */
  failed(source: string, user: UserName): void
}

/** Each allowance is one of so many; the two bytes of a keyed hash tell which. */
const SLOTS = 65_536

/**
 * Memory is fixed, whatever names and addresses are tried: two tables of 512 KiB, and nothing is ever forgotten to make room.
 * Two names may share an allowance by chance (one in 65,536); which ones do is told by a secret key, so that nobody can aim at
 * a user through another name.
 * @param now a clock in milliseconds that never goes back.
 */
export function createAttemptLimit(limits: AttemptLimits, now: () => number, key: Uint8Array): AttemptLimit {
  const sources = createAllowances(limits.perSource)
  const users = createAllowances(limits.perUser)
  const slot = (text: string) => createHmac('sha256', key).update(text, 'latin1').digest().readUInt16BE()

  return {
    check(source, user) {
      const time = now()
      const wait = Math.max(sources.wait(slot(network(source)), time), users.wait(slot(user), time))
      if (wait > 0) {
        const seconds = Math.ceil(wait / 1000)
        throw new Fault('try-again', `too many failed attempts: try again in ${seconds} s`)
      }
    },
    failed(source, user) {
      const time = now()
      sources.spend(slot(network(source)), time)
      users.spend(slot(user), time)
    },
  }
}

/** A table of token buckets, each kept as one number: when it will be full again (the generic cell rate algorithm). */
function createAllowances({ burst, perSecond }: AttemptRate) {
  const interval = 1000 / perSecond
  const fullAt = new Float64Array(SLOTS)
  return {
    /** Milliseconds until there is one to spend. */
    wait: (slot: number, time: number) => Math.max(0, (fullAt[slot] ?? 0) - time - (burst - 1) * interval),
    spend(slot: number, time: number) {
      fullAt[slot] = Math.max(fullAt[slot] ?? 0, time) + interval
    },
  }
}

/** Who is counted as one source: an IPv4 address, or an IPv6 network of 64 bits, all of whose addresses one host can have. */
function network(address: string): string {
  if (!address.includes(':')) return address
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':'))
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0')
  return [...head, ...zeros, ...tail].slice(0, 4).join(':')
}
