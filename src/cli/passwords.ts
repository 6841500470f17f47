import { Fault } from '../domain/fault.ts'
import { harmless } from '../domain/harmless.ts'

/** Asks a person for a secret and shows nothing of it; undefined: none was given. */
export type Ask = (question: string) => Promise<string | undefined>

/** Where passwords come from: people, or `DMS_PASSWORD`. Never a flag, and never a line that a history keeps. */
export interface Passwords {
  /** `DMS_PASSWORD`. */
  readonly given: string | undefined
  /** The password that this user has; undefined if nobody tells it. */
  current(user: string): Promise<string | undefined>
  /** The password that this user shall have. Throws a `Fault` when nobody can be asked, or typed it differently the second time. */
  chosen(user: string): Promise<string>
}

/** Passwords from the environment, if it has one, otherwise asked for. @param ask undefined: nobody is there. */
export function createPasswords(given: string | undefined, ask: Ask | undefined): Passwords {
  const asked = async (question: string) => (await ask?.(question)) || undefined
  return {
    given,
    current: async (user) => given ?? (await asked(`password of ${harmless(user)}: `)),
    async chosen(user) {
      if (given !== undefined) return given
      if (ask === undefined) {
        throw new Fault('invalid-request', 'nobody can be asked for a password here: set DMS_PASSWORD')
      }
      const password = await asked(`new password of ${harmless(user)}: `)
      if (password === undefined) throw new Fault('invalid-request', 'no password was given')
      if ((await asked('the same again: ')) !== password) {
        throw new Fault('invalid-request', 'the two passwords are not the same: nothing was changed')
      }
      return password
    },
  }
}
