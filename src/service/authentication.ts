import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Authentication } from '../domain/authentication.ts'
import { type ByteString, fromByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { Observer } from '../domain/observer.ts'
import {
  authMessage,
  decodeClientFinal,
  decodeClientFirst,
  encodeServerFinal,
  encodeServerFirst,
} from '../domain/scram.ts'
import type { Store } from '../domain/store.ts'
import { parseUserName, type UserName } from '../domain/user-name.ts'
import {
  formatVerifier,
  ITERATIONS,
  KEY_BYTES,
  parseVerifier,
  prepareSecret,
  type Verifier,
} from '../domain/verifier.ts'
import { ATTEMPT_LIMITS, type AttemptLimits, createAttemptLimit } from './attempt-limit.ts'
import { createPasswordMemory } from './password-memory.ts'
import { createTokens } from './tokens.ts'
import { createTurns } from './turns.ts'

/** What authentication decides by. */
export interface AuthenticationOptions {
  readonly store: Pick<Store, 'account'>
  /** Told of attempts that failed. */
  readonly observer?: Pick<Observer, 'authenticationFailed'>
  /** A clock in milliseconds that never goes back. */
  readonly now: () => number
  readonly limits?: AttemptLimits
  /** Milliseconds since 1970: when tokens expire. `Date.now` by default. */
  readonly clock?: () => number
  /**
   * A secret, 32 bytes, kept with the accounts: what tokens are signed with, and the salts of users who do not exist are made
   * from. These must outlive the process, as true ones do, or a restart would tell who exists.
   */
  readonly key: Uint8Array
  /** The server's part of a nonce; random by default. */
  readonly nonce?: () => ByteString
}

/** What a user's secret is checked against, or what stands in for it. */
interface Credential extends Verifier {
  readonly text: ByteString
  /** False for one that no secret fits. */
  readonly real: boolean
}

/** Passwords that are being checked or wait for that; each may take a million iterations. */
const MAX_PASSWORD_CHECKS = 32

/** Authentication over a store's accounts. */
export function createAuthentication(options: AuthenticationOptions): Authentication {
  const {
    store,
    observer,
    now,
    limits = ATTEMPT_LIMITS,
    clock = Date.now,
    key,
    nonce = randomNonce,
  } = options
  const attempts = createAttemptLimit(limits, now, key)
  const memory = createPasswordMemory(now)
  const tokens = createTokens(key, clock)
  const inTurn = createTurns(MAX_PASSWORD_CHECKS)

  return {
    async begin(clientFirst, source) {
      const first = decodeClientFirst(clientFirst)
      const user = parseUserName(first.user)
      letTry(source, user)
      const credential = await credentialOf(user)
      const wholeNonce = `${first.nonce}${nonce()}` as ByteString
      const serverFirst = encodeServerFirst({ ...credential, nonce: wholeNonce })
      let over = false

      return {
        serverFirst,
        async finish(clientFinal) {
          if (over) throw new Fault('invalid-request', 'this exchange is over: begin another AUTH')
          over = true
          const final = decodeClientFinal(clientFinal)
          if (final.channelBinding !== first.gs2Header) {
            throw new Fault(
              'invalid-request',
              'the channel binding (c=) is not the gs2 header of the first message',
            )
          }
          if (final.nonce !== wholeNonce) {
            throw new Fault('invalid-request', 'the nonce (r=) is not the one of this exchange')
          }
          // Read again: a secret that was replaced since the exchange began must not open the account any more.
          const current = await credentialOf(user)
          // From here to the outcome nothing is awaited, so attempts made at the same time are counted one by one.
          letTry(source, user)
          const signed = authMessage(first.bare, serverFirst, final.withoutProof)
          const serverSignature = hmac(current.serverKey, signed)
          const clientKey = xor(final.proof, hmac(current.storedKey, signed))
          const proven = timingSafeEqual(sha256(clientKey), current.storedKey)
          if (!proven || !current.real) throw refused(source, user)
          return { user, serverFinal: encodeServerFinal(serverSignature), verifier: current.text }
        },
      }
    },

    async verifyPassword(name, password, source) {
      const user = parseUserName(name)
      const secret = prepareSecret(fromByteString(password))
      const shown = (verifier: ByteString) => `${user}\0${verifier}\0${secret}`
      // First of all, and at the least price: what a call costs whose password was right a moment ago.
      const account = await store.account(user)
      if (account !== undefined && memory.knows(shown(account.verifier))) {
        return { name: user, proof: account.verifier }
      }
      const credential = await credentialOf(user)
      const evidence = shown(credential.text)
      const claim = { name: user, proof: credential.text }
      // Before the turn, so that a source at its limit holds up nobody; and in it, so that no two are counted as one.
      letTry(source, user)
      return await inTurn(async () => {
        if (memory.knows(evidence)) return claim
        letTry(source, user)
        const storedKey = await storedKeyOf(secret, credential)
        const right = timingSafeEqual(storedKey, credential.storedKey)
        if (!right || !credential.real) throw refused(source, user)
        memory.keep(evidence)
        return claim
      })
    },

    async issueToken(name, expires) {
      const account = await store.account(name)
      if (account === undefined) throw new Fault('no-such-user', 'there is no such user')
      if (account.verifier === '') {
        throw new Fault(
          'not-allowed',
          'this account has no credential that a token could stand for: set one first',
        )
      }
      return tokens.issue(account.name, account.verifier, expires)
    },

    async verifyToken(token, source) {
      const shown = tokens.read(token)
      if (shown !== undefined) {
        const credential = await credentialOf(shown.user)
        if (shown.fits(credential.text) && credential.real) {
          return { name: shown.user, proof: credential.text }
        }
      }
      // A token cannot be guessed, so a wrong one says nothing against the user whom it names, and must not keep that user out.
      letTry(source, undefined, shown?.user)
      throw refused(source, undefined, shown?.user)
    },

    checkVerifier: (verifier) => void parseVerifier(verifier),
  }

  async function credentialOf(user: UserName): Promise<Credential> {
    const account = await store.account(user)
    // Made for every user, so that a missing one takes no longer.
    const standIn = standInFor(user)
    const real = account !== undefined && account.verifier !== ''
    const text = real ? account.verifier : standIn
    const verifier = verifierIn(text)
    // What is stored passed `checkVerifier` once: that it does not now is nothing the peer did.
    if (verifier === undefined)
      throw new Fault('unavailable', 'the credential of this account cannot be used')
    return { ...verifier, text, real }
  }

  /** A verifier that always is the same for a name, looks like those that our client makes, and that no secret fits. */
  function standInFor(user: UserName): ByteString {
    const derived = (use: string) => hmac(key, `${use}\0${user}` as ByteString)
    const salt = derived('salt').subarray(0, 16)
    const chosen = (derived('kind')[0] ?? 0) % 2 === 0
    return formatVerifier({
      iterations: chosen ? ITERATIONS.chosen : ITERATIONS.generated,
      salt,
      storedKey: derived('StoredKey'),
      serverKey: derived('ServerKey'),
    })
  }

  /** @param told whom the observer hears of, if it is not who is counted. */
  function letTry(source: string, user: UserName | undefined, told = user): void {
    try {
      attempts.check(source, user)
    } catch (error) {
      observer?.authenticationFailed?.(told, source, Fault.from(error).code)
      throw error
    }
  }

  function refused(source: string, user: UserName | undefined, told = user): Fault {
    attempts.failed(source, user)
    observer?.authenticationFailed?.(told, source, 'not-authenticated')
    return new Fault('not-authenticated', 'user or secret is wrong')
  }
}

/** What the server would keep of this secret (RFC 5802, section 3, StoredKey). */
async function storedKeyOf(secret: ByteString, { salt, iterations }: Verifier): Promise<Buffer> {
  const salted = await slowHash(Buffer.from(secret, 'latin1'), salt, iterations, KEY_BYTES, 'sha256')
  return sha256(hmac(salted, 'Client Key' as ByteString))
}

const slowHash = promisify(pbkdf2)

function verifierIn(text: ByteString): Verifier | undefined {
  try {
    return parseVerifier(text)
  } catch {
    return undefined
  }
}

/** 144 random bits in printable ASCII. */
const randomNonce = (): ByteString => randomBytes(18).toString('base64') as ByteString

const hmac = (key: Uint8Array, text: ByteString): Buffer =>
  createHmac('sha256', key).update(text, 'latin1').digest()

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

const xor = (one: Uint8Array, other: Uint8Array): Uint8Array => one.map((byte, at) => byte ^ (other[at] ?? 0))
