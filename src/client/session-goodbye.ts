import { Fault } from '../domain/fault.ts'
import { CannotConnect } from './errors.ts'

/** What BYE means to whoever is connected; what is not here is a server that will be back. */
const GOODBYES: ReadonlyMap<string, () => Error> = new Map([
  [
    'takeover',
    () => new Fault('already-connected', 'this user has connected elsewhere, which ended this session'),
  ],
  [
    'credential',
    () => new Fault('not-authenticated', 'this user has another secret now, which ended this session'),
  ],
  ['unregistered', () => new Fault('no-such-user', 'this user was unregistered, which ended this session')],
])

/** Why a connection ends of which the server has said `BYE` with this reason. A `Fault` says that coming back would be in vain. */
export function goodbye(address: string, reason: string): Error {
  return GOODBYES.get(reason)?.() ?? new CannotConnect(address, `${address} said goodbye: ${reason}`)
}
