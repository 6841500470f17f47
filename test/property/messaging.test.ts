import fc from 'fast-check'
import type { Backend } from '../../src/domain/backend.ts'
import { fromByteString, toByteString } from '../../src/domain/byte-string.ts'
import type { DeliveryChannel } from '../../src/domain/delivery-channel.ts'
import { Fault } from '../../src/domain/fault.ts'
import type { Item } from '../../src/domain/message.ts'
import type { Messaging, Session } from '../../src/domain/messaging.ts'
import { createMessaging } from '../../src/service/messaging.ts'
import { BACKENDS, FORGETFUL_LMDB } from '../support/backends.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { NONE } from '../support/words.ts'
import { MessagingModel } from './messaging-model.ts'

const WINDOW = 3
const USERS = ['romeo', 'juliet', 'nurse']

/** A client whose channel holds what was pushed until the test confirms it. */
interface ScriptedClient {
  readonly held: Item[]
  readonly session: Session
}

/** The service over a backend, and the clients that are connected to it. */
class World {
  readonly #messaging: Messaging
  readonly #clients = new Map<string, ScriptedClient>()

  constructor(backend: Backend) {
    this.#messaging = createMessaging({ ...backend, observer: {}, maxTextBytes: 100, now: () => 0 })
  }

  register = (name: string): Promise<string> => outcome(this.#messaging.register(toByteString(name), NONE))

  unregister = (name: string): Promise<string> => outcome(this.#messaging.unregister(claim(name)))

  async connect(name: string): Promise<string> {
    const held: Item[] = []
    const channel: DeliveryChannel = {
      window: WINDOW,
      push: (items) => held.push(...items) > 0,
      close: async () => void held.splice(0),
    }
    return await outcome(
      this.#messaging.connect(claim(name), channel).then((session) => {
        this.#clients.set(name, { held, session })
        session.start()
      }),
    )
  }

  disconnect = (name: string): Promise<string> => outcome(this.#messaging.disconnect(claim(name)))

  /** The client is gone: a push could not be delivered. */
  async vanish(name: string): Promise<void> {
    await this.#clients.get(name)?.session.end('gone')
  }

  async send(from: string, to: string, text: string): Promise<string> {
    const submission = { recipient: toByteString(to), ref: NONE, text: toByteString(text) }
    const sending = this.#messaging.send(claim(from), [submission])
    return await outcome(
      sending.then(([result]) => {
        if (result instanceof Fault) throw result
        return result
      }),
    )
  }

  /** Confirms the first `count` of what the client holds. */
  confirm(name: string, count: number): void {
    const client = this.#clients.get(name)
    const last = client?.held.splice(0, count).at(-1)
    if (last !== undefined) void client?.session.confirm(last.seq)
  }

  held(name: string): string[] {
    return (this.#clients.get(name)?.held ?? []).map((item) =>
      item.kind === 'message'
        ? `${item.id} ${item.sender}: ${item.text}`
        : `receipt ${item.id} by ${fromByteString(item.recipient)}`,
    )
  }

  close = (): Promise<void> => this.#messaging.close()
}

const step = fc.record({
  what: fc.constantFrom(
    'send',
    'send',
    'send',
    'confirm',
    'confirm',
    'connect',
    'disconnect',
    'vanish',
    'register',
    'unregister',
  ),
  who: fc.constantFrom(...USERS),
  whom: fc.constantFrom(...USERS, 'nobody'),
  count: fc.integer({ min: 1, max: WINDOW }),
})

/** Random operations have the outcomes of a model of forty lines, and every client is shown what the model says. */
describe.each([...BACKENDS, FORGETFUL_LMDB])('the service over $name', ({ name, open }) => {
  afterEach(removeTempFolders)

  test('does what the model does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const backend = await open()
        const world = new World(backend)
        const model = new MessagingModel()
        try {
          for (const user of USERS) {
            expect(await world.register(user)).toBe(model.register(user))
            expect(await world.connect(user)).toBe(model.connect(user))
          }
          for (const [i, { what, who, whom, count }] of steps.entries()) {
            if (what === 'send')
              expect(await world.send(who, whom, `${i}`)).toBe(model.send(who, whom, `${i}`))
            else if (what === 'confirm') confirm(world, model, who, count)
            else if (what === 'vanish') await Promise.all([world.vanish(who), model.disconnect(who)])
            else expect([i, what, await world[what](who)]).toEqual([i, what, model[what](who)])
            await settle(world, model)
          }
        } finally {
          await world.close()
          await backend.close()
        }
      }),
      { numRuns: name === 'memory' ? 150 : 15 },
    )
  }, 60_000)
})

function confirm(world: World, model: MessagingModel, who: string, count: number): void {
  const holding = Math.min(count, world.held(who).length)
  world.confirm(who, holding)
  model.confirm(who, holding)
}

/** Deliveries follow their cause a little later: waits for what the model says, for so long, and then expects it. */
async function settle(world: World, model: MessagingModel): Promise<void> {
  const expected = USERS.map((user) => model.held(user, WINDOW))
  const held = (): string[][] => USERS.map((user) => world.held(user))
  const same = (): boolean => JSON.stringify(held()) === JSON.stringify(expected)
  const patience = Date.now() + 2000
  while (!same() && Date.now() < patience) await new Promise((resolve) => setImmediate(resolve))
  expect(held()).toEqual(expected)
}

const claim = (name: string) => ({ name: toByteString(name), proof: NONE })

/** `ok`, an id, or the code of a fault. */
function outcome(doing: Promise<unknown>): Promise<string> {
  return doing.then(
    (result) => (typeof result === 'number' ? String(result) : 'ok'),
    (error) => (error instanceof Fault ? error.code : String(error)),
  )
}
