import { isLoopback, plainAddress } from '../../domain/address.ts'
import { Fault } from '../../domain/fault.ts'
import type { SoapContext } from '../../soap/context.ts'

/** Is the caller a program on this machine. Whoever a proxy brings is none, also where the proxy is. */
export function isLocal({ remoteAddress, forwarded }: SoapContext): boolean {
  return !forwarded && isLoopback(plainAddress(remoteAddress))
}

/** Throws `not-allowed` where a secret was or would be shown to whoever listens on the way: over plain HTTP from another machine. */
export function assertProtected(context: SoapContext, allowPlainPasswords: boolean): void {
  if (context.secure || isLocal(context) || allowPlainPasswords) return
  throw new Fault(
    'not-allowed',
    context.forwarded
      ? 'passwords and tokens are not taken over plain HTTP: use https. If you do, the proxy that ends it must say so (X-Forwarded-Proto), and the server trust it (--trust-proxy)'
      : 'passwords and tokens are not taken over plain HTTP from other machines: use https',
  )
}
