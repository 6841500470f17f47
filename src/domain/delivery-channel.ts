import type { Item } from './message.ts'

/** Why a session ended; `credential`: the account has got another one, and whoever is present has not proven it. */
export type EndReason = 'disconnected' | 'gone' | 'takeover' | 'unregistered' | 'credential' | 'shutdown'

/** How items reach one client. Confirmations come back through `Session.confirm`. */
export interface DeliveryChannel {
  /** How many items may be unconfirmed at a time (1: one after the other). */
  readonly window: number
  /** Nobody is at the other end for now: whoever else connects as this user takes over. Absent: somebody is. */
  readonly idle?: boolean
  /** Hands items over, in order, never more than the window allows. False: no more until `Session.resume`. */
  push(items: readonly Item[]): boolean
  /** The session is over. Resolves once nothing handed over is still on its way. */
  close(reason: EndReason): Promise<void>
}
