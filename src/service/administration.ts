import type { Administration } from '../domain/administration.ts'
import type { Authentication } from '../domain/authentication.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { Claim, Messaging } from '../domain/messaging.ts'
import type { Store } from '../domain/store.ts'

/** How many users are on one page of a listing. */
const PAGE = 1000

/** How many days a token may be good for, and what a day is in seconds. */
const MAX_TOKEN_DAYS = 3650
const DAY = 86_400

/** What administration works with. */
export interface AdministrationOptions {
  readonly store: Pick<Store, 'account' | 'accounts' | 'waiting'>
  readonly messaging: Messaging
  readonly authentication: Pick<Authentication, 'checkVerifier' | 'issueToken'>
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** Administration over the service: what it does to an account, it does as that account's holder would. */
export function createAdministration({
  store,
  messaging,
  authentication,
  clock,
}: AdministrationOptions): Administration {
  return {
    async add(name, verifier) {
      if (verifier !== '') authentication.checkVerifier(verifier)
      await messaging.register(name, verifier)
    },
    async remove(name) {
      await messaging.unregister(await holder(name))
    },
    async reset(name, verifier) {
      authentication.checkVerifier(verifier)
      await messaging.setCredential(await holder(name), verifier)
    },
    async token(name, days) {
      if (!Number.isInteger(days) || days < 1 || days > MAX_TOKEN_DAYS) {
        throw new Fault('invalid-request', `a token is good for 1 to ${MAX_TOKEN_DAYS} whole days`)
      }
      const expires = Math.floor(clock() / 1000) + days * DAY
      return { token: await authentication.issueToken(name, expires), expires }
    },
    async list(prefix, after) {
      const accounts = await store.accounts(prefix, PAGE, after)
      return Promise.all(
        accounts.map(async ({ name, verifier }) => ({
          name,
          credential: verifier !== '',
          waiting: await store.waiting(name),
        })),
      )
    },
  }

  async function holder(name: ByteString): Promise<Claim> {
    const account = await store.account(name)
    if (account === undefined) throw new Fault('no-such-user', 'there is no such user')
    return { name, proof: account.verifier }
  }
}
