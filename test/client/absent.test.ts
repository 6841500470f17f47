import type { Incoming, Receive } from '../../src/client/client.ts'
import { type ClientBed, change, openClientBed } from '../support/client-bed.ts'
import { createCollector } from '../support/collector.ts'
import { user } from '../support/words.ts'

let bed: ClientBed
beforeEach(async () => {
  bed = await openClientBed()
})
afterEach(() => bed.close())

describe('a client that only sends and asks', () => {
  test('leaves the session elsewhere alone, also when it comes back, and what it sends is stored once', async () => {
    await bed.register('alice', 'bob')
    const items = createCollector<Incoming>()
    const prompt = await bed.connected('alice', items.add, { port: bed.server.port })
    await prompt.client.passwd({ secret: 'mine', kind: 'generated' })
    const { client, states } = await only('mine')
    await client.send('bob', 'one')
    bed.relay.swallow('server')
    const answer = client.send('bob', 'two')
    while ((await bed.backend.store.waiting(user('bob'))) < 2) await new Promise(setImmediate)
    bed.relay.cut()
    await change(states, 'back')
    expect(await answer).toBe(1 + (await client.send('bob', 'three')) - 2)
    expect(await bed.backend.store.waiting(user('bob'))).toBe(3)
    expect(await client.users('alice')).toEqual([{ name: 'alice', online: true }])
    await client.disconnect('alice')
    expect(client.user).toBeUndefined()
    expect(prompt.states.all.map(({ state }) => state)).toEqual(['connecting', 'online'])
  })

  test('receives nothing, and leaves what waits to who is present', async () => {
    await bed.register('alice')
    const owner = await bed.connected('alice', undefined, { port: bed.server.port })
    await owner.client.passwd({ secret: 'mine', kind: 'generated' })
    await owner.client.disconnect('alice')
    const items = createCollector<Incoming>()
    const { client } = await only('mine', items.add)
    await client.send('alice', 'to myself')
    await client.disconnect('alice')
    expect(items.all).toEqual([])
    expect(await bed.backend.store.waiting(user('alice'))).toBe(1)
  })

  test('is made present where the account is open, which has nothing else to show', async () => {
    await bed.register('alice')
    const { client } = await only(undefined)
    expect(await client.users('alice')).toEqual([{ name: 'alice', online: true }])
  })

  const only = (secret: string | undefined, receive?: Receive) =>
    bed.connected('alice', receive, { secret, present: false })
})
