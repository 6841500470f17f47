import { createHmac } from 'node:crypto'
import { type AllowanceRate, createAllowances } from '../domain/allowances.ts'
import { Fault } from '../domain/fault.ts'
import { sourceOf } from '../domain/source.ts'
import type { UserName } from '../domain/user-name.ts'

/** How many failed attempts are taken from one source, and for one user. */
export interface AttemptLimits {
  readonly perSource: AllowanceRate
  readonly perUser: AllowanceRate
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
  /** Throws `try-again`, with the seconds to wait, when the source or the user has failed too often. Without a user it is the source that counts. */
  check(source: string, user?: UserName): void
  /** An attempt failed. */
  failed(source: string, user?: UserName): void
}

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
      const userWait = user === undefined ? 0 : users.wait(slot(user), time)
      const wait = Math.max(sources.wait(slot(sourceOf(source)), time), userWait)
      if (wait > 0) {
        const seconds = Math.ceil(wait / 1000)
        throw new Fault('try-again', `too many failed attempts: try again in ${seconds} s`)
      }
    },
    failed(source, user) {
      const time = now()
      sources.spend(slot(sourceOf(source)), time)
      if (user !== undefined) users.spend(slot(user), time)
    },
  }
}
