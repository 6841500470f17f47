import { toByteString } from '../../src/domain/byte-string.ts'
import { encodeLegacyFrame, LEGACY_OPERATIONS, type LegacyOperation } from '../../src/wire/legacy.ts'
import { type Actor, Hearing, Refusal } from './actor.ts'
import { exchange, openPushListener, type PushListener } from './legacy-wire.ts'

/** An actor who speaks the original protocol, and may listen with bad manners, late, or not at all. */
export interface LegacyActor extends Actor {
  /** What the server dials; there from the first `connects` or `listens` on. */
  readonly listener: PushListener
  listens(port?: number): Promise<void>
  /** Connects with a port where perhaps nobody listens. */
  connectsTo(port: number): Promise<void>
}

/** Makes an actor for a server on `port`. */
export function createLegacyActor(name: string, port: number): LegacyActor {
  const heard = new Hearing()
  let listener: PushListener | undefined

  async function request(operation: LegacyOperation, ...fields: readonly string[]): Promise<string> {
    const reply = await exchange(port, [encodeLegacyFrame(operation, ...fields.map(toByteString))])
    const code = reply[0]
    if (code !== 0) {
      const meanings: Readonly<Record<number, string>> = LEGACY_OPERATIONS[operation].replies
      throw new Refusal(meanings[code ?? -1] ?? `answer ${reply.toString('hex')}`)
    }
    return reply.toString('latin1', 1)
  }

  const actor: LegacyActor = {
    name,
    heard,
    get listener() {
      if (listener === undefined) throw new Error(`${name} does not listen`)
      return listener
    },
    registers: async () => void (await request('REGISTER', name)),
    unregisters: async () => void (await request('UNREGISTER', name)),
    async listens(at) {
      await listener?.close()
      listener = await openPushListener((line) => heard.take(line), at)
    },
    async connects() {
      // On the same port when it is refused and tries again: on a new one each time it would sooner or later find the port of a
      // listener that is gone, which the server still dials for the session before, and hold that session up.
      if (!listener?.open || listener.manners !== 'reads') await actor.listens()
      await actor.connectsTo(actor.listener.port)
    },
    connectsTo: async (at) => void (await request('CONNECT', name, String(at))),
    disconnects: async () => void (await request('DISCONNECT', name)),
    async sends(recipient, text) {
      const to = typeof recipient === 'string' ? recipient : recipient.name
      const id = await request('SEND', name, to, text)
      expect(id).toMatch(/^\d+\0$/)
      return Number(id.slice(0, -1))
    },
    vanishes: async () => listener?.close(),
    leaves: async () => listener?.close(),
  }
  return actor
}
