import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import { Fault } from '../../src/domain/fault.ts'
import { type Contract, readContract } from '../../src/soap/contract.ts'
import { openTextServer } from '../soap/text-server.ts'
import { openMessagingBed } from '../support/messaging-bed.ts'

/** The longest file that a strict server takes, in bytes. */
export const STRICT_FILE_BYTES = 100
/** A prefix with which ListUsers goes wrong inside a strict server. */
export const WRONG_INSIDE = 'wrong-inside'

/** A server that refuses much: nobody registers, a mailbox has room for one message, files are small. */
export interface StrictServer {
  readonly url: string
  readonly contract: Contract
  /** Accounts with `PASSWORD`. */
  add(...names: readonly string[]): Promise<void>
  /** While it is, every call is refused for now. */
  busy: boolean
  close(): Promise<void>
}

/** Starts one, on a free port. */
export async function openStrictServer(): Promise<StrictServer> {
  const bed = await openMessagingBed({
    backend: createMemoryBackend({ items: 1, bytes: 1000 }),
    openRegistration: false,
    maxAttachmentBytes: STRICT_FILE_BYTES,
    takeRequest() {
      if (strict.busy) throw new Fault('try-again', 'slow down')
    },
    wrapMessaging: (messaging) => ({
      ...messaging,
      async users(prefix) {
        if (prefix === WRONG_INSIDE) throw new TypeError('secret')
        return messaging.users(prefix)
      },
    }),
  })
  const contract = await readContract({ wsdlPath: 'wsdl/messaging.wsdl' })
  const server = await openTextServer({
    others: new Map([['/messaging', bed.endpoint]]),
    web: { services: new Map([['/messaging', contract]]) },
  })
  const strict: StrictServer = {
    url: server.url,
    contract,
    add: (...names) => bed.add(...names),
    busy: false,
    async close() {
      await server.close()
      await bed.close()
    },
  }
  return strict
}
