import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import { createScramClient } from '../../src/client/scram.ts'
import type { Authentication, Exchange, Proof } from '../../src/domain/authentication.ts'
import { type ByteString, toByteString } from '../../src/domain/byte-string.ts'
import type { Fault } from '../../src/domain/fault.ts'
import { decodeServerFirst } from '../../src/domain/scram.ts'
import type { Store } from '../../src/domain/store.ts'
import { parseUserName, type UserName } from '../../src/domain/user-name.ts'
import { type AuthenticationOptions, createAuthentication } from '../../src/service/authentication.ts'
import { WIDE_LIMITS } from './backends.ts'

/** ASCII as bytes. */
export const ascii = (text: string): ByteString => text as ByteString

/** A user name that is a good one. */
export const name = (text: string): UserName => parseUserName(toByteString(text))

/** Where somebody connects from. */
export const HOME = '192.0.2.1'

/** The fault of whoever is not let in. */
export const WRONG = { code: 'not-authenticated', message: 'user or secret is wrong' }

/** The fault at the limit of failed attempts. */
export const LIMIT = {
  code: 'try-again',
  message: expect.stringMatching(/^too many failed attempts: try again in \d+ s$/),
}

/** The verifier of `pencil` in the exchange of RFC 7677, section 3. */
export const PENCIL = ascii(
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
)

/** A proof of the right length that fits no secret. */
const NO_PROOF = `${'A'.repeat(43)}=`

/** Authentication over a store that has `user` with the secret `pencil`, and the open account `open`. */
export interface AuthenticationBed {
  readonly authentication: Authentication
  readonly store: Store
  /** Lets so many milliseconds go by. */
  pass(milliseconds: number): void
  /** The whole exchange, both ends. */
  login(user: string, secret: string, source?: string): Promise<Proof>
  /** A guess without the client's work. */
  guess(user: string, source?: string): Promise<unknown>
}

/** Always with the same key, so that no two of a test's names and addresses share an allowance by chance. */
export async function createAuthenticationBed(
  options: Partial<AuthenticationOptions> = {},
): Promise<AuthenticationBed> {
  const { store } = createMemoryBackend(WIDE_LIMITS)
  await store.createAccount(name('user'), PENCIL)
  await store.createAccount(name('open'), ascii(''))
  let time = 0
  const authentication = createAuthentication({
    store,
    now: () => time,
    key: Buffer.alloc(32, 7),
    ...options,
  })
  return {
    authentication,
    store,
    pass: (milliseconds) => {
      time += milliseconds
    },
    async login(user, secret, source = HOME) {
      const client = createScramClient({ user, secret })
      const exchange = await authentication.begin(client.clientFirst, source)
      const proof = await exchange.finish(await client.final(exchange.serverFirst))
      client.verify(proof.serverFinal)
      return proof
    },
    async guess(user, source = HOME) {
      return finishWrongly(await authentication.begin(ascii(`n,,n=${user},r=abc`), source))
    },
  }
}

/** Ends an exchange with a proof that fits no secret. */
export function finishWrongly({ serverFirst, finish }: Exchange): Promise<unknown> {
  return finish(ascii(`c=biws,r=${decodeServerFirst(serverFirst).nonce},p=${NO_PROOF}`))
}

/** Guesses until the limit refuses; resolves to how many were taken. */
export async function guessUntilLimit(nextGuess: (at: number) => Promise<unknown>): Promise<number> {
  for (let taken = 0; taken < 1_000; taken++) {
    const { code } = await nextGuess(taken).then(
      () => ({ code: 'let in' }),
      (error: Fault) => error,
    )
    if (code === 'try-again') return taken
    expect(code).toBe('not-authenticated')
  }
  throw new Error('there is no limit')
}

/** How often each code came out of attempts that were made at once. */
export function codesOf(
  outcomes: readonly PromiseSettledResult<unknown>[],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) {
    const code = outcome.status === 'rejected' ? String(outcome.reason.code) : 'let in'
    counts[code] = (counts[code] ?? 0) + 1
  }
  return counts
}
