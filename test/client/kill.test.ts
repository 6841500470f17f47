import type { ClientState, Incoming } from '../../src/client/client.ts'
import { createClient } from '../../src/client/connect.ts'
import { createCollector } from '../support/collector.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

let server: RestartableServer

beforeEach(async () => {
  server = await startRestartableServer()
})
afterEach(async () => {
  await server.close()
  await removeTempFolders()
})

const ROUNDS = 4
const MESSAGES = 20_000

test('a server that is killed again and again under load, and restarted on its data, answers each SEND once and delivers it once, in order', async () => {
  const stateFolder = await makeTempFolder()
  const forAlice = createCollector<Incoming>()
  const forBob: string[] = []
  const states = createCollector<ClientState>()
  const ready = createCollector<void>()
  const options = { server: '127.0.0.1', port: server.port, backoff: { firstMs: 20, mostMs: 100 } }
  const bob = createClient({ ...options, stateFolder }, (item) => {
    if (item.kind === 'message') forBob.push(item.text)
    if (forBob.length === MESSAGES) ready.add()
  })
  const alice = createClient({ ...options, stateFolder, onState: states.add }, forAlice.add)
  try {
    for (const [client, user] of [
      [alice, 'alice'],
      [bob, 'bob'],
    ] as const) {
      await client.register(user)
      await client.connect(user)
    }
    const ids = new Set<number>()
    const texts = Array.from({ length: MESSAGES }, (_, n) => `number ${n}`)
    const answered = createCollector<number>()
    const answers = texts.map(async (text) => {
      const id = await alice.send('bob', text)
      ids.add(id)
      answered.add(id)
    })
    for (let round = 1; round <= ROUNDS; round++) {
      // In the middle of it: some are answered, many are under way, most wait.
      await answered.count(Math.floor((MESSAGES * round) / (ROUNDS + 1)))
      await server.kill()
      await server.restart()
    }
    await Promise.all(answers)
    await ready.count(1)
    await forAlice.count(MESSAGES)

    expect(ids.size).toBe(MESSAGES)
    expect(forBob).toEqual(texts)
    const receipts = new Set(forAlice.all.map(({ id }) => id))
    expect(forAlice.all).toHaveLength(MESSAGES)
    expect(receipts).toEqual(ids)
    expect(states.all.filter(({ state }) => state === 'back')).toHaveLength(ROUNDS)
  } finally {
    await alice.close()
    await bob.close()
  }
}, 60_000)
