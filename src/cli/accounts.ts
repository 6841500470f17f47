import type { Client, PresenceOptions } from '../client/client.ts'
import type { Protocol } from '../client/connect.ts'
import type { CredentialsFile } from '../client/credentials-file.ts'
import { createSecret } from '../client/scram.ts'
import { Fault } from '../domain/fault.ts'
import type { Passwords } from './passwords.ts'

/** What people do with users: the requests of `Client`, with the secrets that go with them. They reject like those. */
export interface Accounts {
  /** Makes a user. @param choose with a password that is asked for, rather than a random secret that is stored. */
  register(user: string, choose: boolean): Promise<void>
  /** Resolves to what is left to be said, if something is. */
  unregister(user: string): Promise<string | undefined>
  /** Resolves to how many items wait, where the protocol tells. `present` false: to send and ask only (`PresenceOptions`). */
  connect(user: string, how: Pick<PresenceOptions, 'takeover' | 'present'>): Promise<number | undefined>
  /** Replaces the secret of who is connected by a password that is asked for. Resolves to what is left to be said, if something is. */
  passwd(): Promise<string | undefined>
}

/** What accounts work with. */
export interface AccountsContext {
  readonly client: Client
  /** `host:port`. */
  readonly address: string
  readonly credentials: CredentialsFile
  /** Where that is, for people. */
  readonly credentialsFile: string
  readonly passwords: Passwords
}

/** Accounts by the protocol that reaches them. */
export const ACCOUNTS: { readonly [P in Protocol]: (context: AccountsContext) => Accounts } = {
  session: createSessionAccounts,
  legacy: createLegacyAccounts,
}

/** Faults after which the server may yet have made the user. */
const UNCERTAIN: ReadonlySet<string> = new Set(['unavailable', 'try-again'])

/** Random secrets go into the credentials file; chosen passwords are kept by who chose them. */
function createSessionAccounts(context: AccountsContext): Accounts {
  const { client, address, credentials, credentialsFile, passwords } = context

  return {
    async register(user, choose) {
      if (choose) {
        await client.register(user, { secret: await passwords.chosen(user), kind: 'chosen' })
        return
      }
      // One that is stored already is taken, not replaced: it may be the only one that opens an account.
      const before = await credentials.get(address, user)
      const secret = before ?? createSecret()
      // Stored before the server is asked: whatever happens then, no account is without its secret.
      if (before === undefined) await credentials.set(address, user, secret)
      try {
        await client.register(user, { secret, kind: 'generated' })
      } catch (error) {
        const refused = error instanceof Fault && !UNCERTAIN.has(error.code)
        if (refused && before === undefined) await forget(user, secret)
        throw error
      }
      // Somebody else may have tried the same name with another secret meanwhile.
      if ((await credentials.get(address, user)) !== secret) await credentials.set(address, user, secret)
    },

    async unregister(user) {
      await prove(user, (secret) => client.unregister(user, { secret }))
      return remove(user)
    },

    connect: (user, how) => prove(user, (secret) => client.connect(user, { ...how, secret })),

    async passwd() {
      const { user } = client
      if (user === undefined)
        throw new Fault('not-connected', 'nobody is connected here: CONNECT <userName> first')
      await client.passwd({ secret: await passwords.chosen(user), kind: 'chosen' })
      return remove(user)
    },
  }

  /** Does something that may take a secret: with the stored one, or with none, and then with one that is asked for. */
  async function prove<Outcome>(
    user: string,
    attempt: (secret?: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    const stored = await credentials.get(address, user)
    // Who gives a password does not want to be let in where none is asked for.
    const first = stored ?? passwords.given
    const outcome = await attempt(first).catch(refusedLogin)
    if (!(outcome instanceof Fault)) return outcome
    const again = first === undefined || first === stored
    const asked = again ? await passwords.current(user) : undefined
    if (asked !== undefined) return attempt(asked)
    throw new Fault('not-authenticated', refusal(user, outcome.message, first, stored))
  }

  function refusal(
    user: string,
    reason: string,
    first: string | undefined,
    stored: string | undefined,
  ): string {
    if (first !== undefined && first !== stored) return `${reason} (DMS_PASSWORD)`
    const what =
      stored === undefined
        ? `${user} has a secret, and ${credentialsFile} does not hold it for ${address}`
        : `${reason}: ${credentialsFile} holds another secret for ${user} at ${address}`
    return `${what}. CONNECT at a terminal, which asks for a password, or set DMS_PASSWORD`
  }

  async function forget(user: string, secret: string): Promise<void> {
    if ((await credentials.get(address, user)) === secret) await remove(user)
  }

  /** The stored secret opens nothing any more. */
  async function remove(user: string): Promise<string | undefined> {
    try {
      if ((await credentials.get(address, user)) !== undefined) await credentials.remove(address, user)
      return undefined
    } catch (error) {
      return `it is done, but the old secret is still stored: ${(error as Error).message}`
    }
  }
}

/** The fault of a login with no secret, or with a wrong one. */
function refusedLogin(error: unknown): Fault {
  if (error instanceof Fault && error.code === 'not-authenticated') return error
  throw error
}

/** The original protocol knows no secrets. */
function createLegacyAccounts({ client }: AccountsContext): Accounts {
  return {
    async register(user, choose) {
      if (choose)
        throw new Fault('not-allowed', 'the original protocol knows no passwords: leave out --legacy')
      await client.register(user)
    },
    async unregister(user) {
      await client.unregister(user)
      return undefined
    },
    // COMPAT: here nobody sends without being present.
    connect: (user, { takeover }) => client.connect(user, { takeover }),
    async passwd() {
      throw new Fault('not-allowed', 'the original protocol knows no passwords: leave out --legacy')
    },
  }
}
