import { plainAddress } from '../../domain/address.ts'
import type { Authentication } from '../../domain/authentication.ts'
import { type ByteString, toByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'
import type { Claim, Messaging } from '../../domain/messaging.ts'
import type { HeaderHandler, SoapContext } from '../../soap/context.ts'
import type { UsernameToken } from '../../soap/ws-security.ts'
import { type Credentials, parseAuthorization } from './authorization.ts'
import { assertProtected, isLocal } from './protected.ts'
import { aboutCaller } from './typed-faults.ts'

/** Finds out who calls. Rejects with `not-authenticated`, `not-allowed`, or what `Authentication` says. */
export type Identify = (context: SoapContext) => Promise<Claim>

/** What the identity of callers is decided by. */
export interface CallerOptions {
  readonly messaging: Pick<Messaging, 'admit'>
  readonly authentication: Pick<Authentication, 'verifyPassword' | 'verifyToken'>
  /** Understands wsse:Security. */
  readonly security: HeaderHandler<UsernameToken | undefined>
  /** Accounts without a credential from other machines than this, or through a proxy. */
  readonly allowOpen: boolean
  /** Secrets over plain HTTP from other machines than this, or through a proxy. */
  readonly allowPlainPasswords: boolean
}

const NONE = '' as ByteString

/** Callers by UsernameToken, HTTP Basic (RFC 7617) or Bearer (RFC 6750); by more than one only where all name the same user. */
export function createIdentify(options: CallerOptions): Identify {
  const { messaging, authentication, security, allowOpen, allowPlainPasswords } = options

  return async (context) => {
    const token = context.header(security)
    const { authorization } = context
    if (authorization === undefined) {
      if (token !== undefined) return byToken(token, context)
      throw new Fault(
        'not-authenticated',
        'say who you are: by a WS-Security UsernameToken, or HTTP Basic or Bearer',
      )
    }
    const credentials = parseAuthorization(authorization)
    if (token === undefined) return check(credentials, context)
    const [one, other] = [await byToken(token, context), await check(credentials, context)]
    if (one.name !== other.name) {
      throw new Fault(
        'not-authenticated',
        'the UsernameToken and the Authorization header name different users',
      )
    }
    return one
  }

  function byToken(token: UsernameToken, context: SoapContext): Promise<Claim> {
    const { username, password = '' } = token
    const credentials: Credentials = {
      kind: 'password',
      name: toByteString(username),
      password: toByteString(password),
    }
    return token.once(() => check(credentials, context))
  }

  async function check(credentials: Credentials, context: SoapContext): Promise<Claim> {
    if (credentials.kind === 'password' && credentials.password === '') {
      if (isLocal(context) || allowOpen) return asOpen({ name: credentials.name, proof: NONE })
      throw new Fault(
        'not-authenticated',
        'accounts without a credential work on this machine only, and not through a proxy: send a password',
      )
    }
    assertProtected(context, allowPlainPasswords)
    const source = plainAddress(context.remoteAddress)
    return credentials.kind === 'password'
      ? authentication.verifyPassword(credentials.name, credentials.password, source)
      : authentication.verifyToken(credentials.token, source)
  }

  /** Nothing is shown, so the account must have no credential. */
  async function asOpen(claim: Claim): Promise<Claim> {
    try {
      await messaging.admit(claim)
      return claim
    } catch (error) {
      throw aboutCaller(error)
    }
  }
}
