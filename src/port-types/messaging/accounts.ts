import { type ByteString, toByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'
import type { Messaging } from '../../domain/messaging.ts'
import type { Observer, Verb } from '../../domain/observer.ts'
import type { SoapContext } from '../../soap/context.ts'
import type { Identify } from './caller.ts'
import { assertProtected } from './protected.ts'
import { aboutCaller } from './typed-faults.ts'
import { toXmlText } from './xml-text.ts'

/** What accounts are made by. */
export interface AccountOptions {
  readonly messaging: Messaging
  readonly identify: Identify
  readonly observer: Observer
  /** May whoever reaches the port Register. */
  readonly openRegistration: boolean
  readonly allowPlainPasswords: boolean
  /** What is stored instead of a password (RFC 5803). Rejects with `invalid-request` for one that cannot be, and `try-again`. */
  readonly createVerifier: (password: string) => Promise<ByteString>
}

/** Register, Unregister and ListUsers. */
export function createAccountOperations(options: AccountOptions) {
  const { messaging, identify, observer, openRegistration, allowPlainPasswords, createVerifier } = options

  return {
    async Register(
      { userName, password }: { readonly userName: string; readonly password: string },
      context: SoapContext,
    ) {
      const name = toByteString(userName)
      await told('REGISTER', name, async () => {
        if (!openRegistration) {
          throw new Fault('not-allowed', 'registration is closed: ask whoever runs this server')
        }
        assertProtected(context, allowPlainPasswords)
        await messaging.register(name, await createVerifier(password))
      })
      return {}
    },

    async Unregister(_input: object, context: SoapContext) {
      const claim = await identify(context)
      await told('UNREGISTER', claim.name, async () => {
        await messaging.unregister(claim).catch((error) => {
          throw aboutCaller(error)
        })
      })
      return {}
    },

    async ListUsers({ prefix = '' }: { readonly prefix?: string }, context: SoapContext) {
      await identify(context)
      const users = await messaging.users(toByteString(prefix))
      return { user: users.map(({ name, online }) => ({ name: toXmlText(name), online })) }
    },
  }

  /** Carries out a request that has a line of its own in the log. */
  async function told(verb: Verb, name: ByteString, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      observer.request?.(verb, name, Fault.from(error).code)
      throw error
    }
    observer.request?.(verb, name, 'ok')
  }
}
