import type { Client, ClientState, Incoming, Receive } from '../../src/client/client.ts'
import { createClient, type ServerOptions } from '../../src/client/connect.ts'
import { createCollector } from '../support/collector.ts'
import {
  answerWell,
  type ClientFrame,
  openSessionStandIn,
  type SessionStandIn,
} from '../support/session-stand-in.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

/** What is shown, what not, and what is confirmed, for items that a server sends at each CONNECT. */

const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
  await removeTempFolders()
})

type Place = readonly [seq: number, id: number, second?: number]

/** A message of a mailbox, accepted at a second of the first minute of 2026. */
function message([seq, id, second = 0]: Place): string {
  const time = `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`
  return `SEND_MESSAGE\0${seq}\0bob\0${id}\0${time}\0seq ${seq} id ${id}\0`
}

function receipt([seq, id]: Place): string {
  return `SEND_MESS_ACK\0${seq}\0${id}\0no-ref-of-ours\0bob\0`
}

/** A server that sends the n-th of these after the n-th CONNECT, and loses the connection when told to. */
async function standIn(...pushes: readonly string[]): Promise<SessionStandIn & { cut(): void }> {
  let connects = 0
  let cut = () => {}
  const server = await openSessionStandIn((frame, peer) => {
    answerWell(frame, peer)
    if (frame[0] !== 'CONNECT') return
    cut = () => peer.cut()
    peer.sendBytes(pushes[connects++] ?? '')
  })
  opened.push(server)
  return { ...server, cut: () => cut() }
}

function open(server: SessionStandIn, receive: Receive, options: ServerOptions = {}): Client {
  const where = { server: '127.0.0.1', port: server.port, backoff: { firstMs: 5, mostMs: 5 } }
  const client = createClient({ ...where, ...options }, receive)
  opened.push(client)
  return client
}

const seqOf = ([, seq]: ClientFrame) => Number(seq)
const acks = ({ frames }: SessionStandIn) => frames.filter(([word]) => word === 'ACK').map(seqOf)

describe('a server whose data was thrown away', () => {
  test.each([
    ['by the larger ids of what comes', [1, 20] as const, 0],
    ['by the later times of what comes', [1, 0, 30] as const, 30],
  ])('is known %s, and all of it is shown', async (_how, first, second) => {
    const items = createCollector<Incoming>()
    const old = [1, 2, 3].map((seq) => message([seq, 10 + seq])).join('')
    const fresh = message(first) + receipt([2, 21]) + message([3, 22, second])
    const server = await standIn(old, fresh, message([3, 22, second]) + message([4, 23, second]))
    const client = open(server, items.add)
    await client.connect('alice')
    await server.until('ACK', ([seq]) => seq === '3')
    server.cut()
    await items.count(6)
    server.cut()
    await items.until(({ id }) => id === 23)
    expect(items.all.map(({ id }) => id)).toEqual([11, 12, 13, first[1], 21, 22, 23])
  })

  test('is not told that it has delivered what was taken of the old data', async () => {
    const taken = createCollector<() => void>()
    const items = createCollector<Incoming>()
    const old = [1, 2, 3].map((seq) => message([seq, 10 + seq])).join('')
    const server = await standIn(old, message([1, 20, 30]) + message([2, 21, 30]))
    const client = open(server, (item) => {
      items.add(item)
      return new Promise((resolve) => taken.add(resolve))
    })
    await client.connect('alice')
    await items.count(1)
    server.cut()
    await server.until('SESSION')
    for (let n = 1; n <= 4; n++) (await taken.count(n))[n - 1]?.()
    await items.count(5)
    // The old ones were taken on the new connection, and confirmed nothing there.
    ;(await taken.count(4))[3]?.()
    await server.until('ACK', ([seq]) => seq === '1')
    expect(items.all.map(({ id }) => id)).toEqual([11, 12, 13, 20, 21])
    expect(acks(server)).toEqual([1])
  })
})

test('what arrives again is confirmed up to what was taken, and no further', async () => {
  const taken = createCollector<() => void>()
  const three = [1, 2, 3].map((seq) => message([seq, seq])).join('')
  const server = await standIn(three, three)
  const items = createCollector<Incoming>()
  const client = open(server, (item) => {
    items.add(item)
    return new Promise((resolve) => taken.add(resolve))
  })
  await client.connect('alice')
  ;(await taken.count(1))[0]?.()
  await server.until('ACK', ([seq]) => seq === '1')
  await items.count(2)
  server.cut()
  await server.until('CONNECT', ([, , mode]) => mode?.startsWith('resume:') === true)
  while (acks(server).length < 2) await new Promise(setImmediate)
  for (let n = 2; n <= 3; n++) (await taken.count(n))[n - 1]?.()
  await server.until('ACK', ([seq]) => seq === '3')
  expect(acks(server).slice(0, 2)).toEqual([1, 1])
  expect(items.all.map(({ id }) => id)).toEqual([1, 2, 3])
})

test('what was not taken before DISCONNECT is shown after the next CONNECT, and what was is not', async () => {
  const three = [1, 2, 3].map((seq) => message([seq, seq])).join('')
  const server = await standIn(three, three)
  const items = createCollector<Incoming>()
  const client = open(server, async (item) => {
    items.add(item)
    // The first time it is not taken.
    if (item.id === 2 && items.all.length === 2) throw new Error('not now')
  })
  await client.connect('alice')
  await items.count(2)
  while (client.user !== undefined) await new Promise(setImmediate)
  await client.connect('alice')
  await items.count(4)
  expect(items.all.map(({ id }) => id)).toEqual([1, 2, 2, 3])
})

test('an item that was being taken while the user disconnected is not shown again', async () => {
  const server = await standIn(message([1, 1]), message([1, 1]) + message([2, 2]))
  const taken = createCollector<() => void>()
  const items = createCollector<Incoming>()
  const client = open(server, (item) => {
    items.add(item)
    return new Promise((resolve) => taken.add(resolve))
  })
  await client.connect('alice')
  const [first] = await taken.count(1)
  await client.disconnect('alice')
  await client.connect('alice')
  first?.()
  await items.count(2)
  expect(items.all.map(({ id }) => id)).toEqual([1, 2])
})

test.each(['register', 'unregister'] as const)(
  '%s forgets what was shown to the user before',
  async (request) => {
    const stateFolder = await makeTempFolder()
    const server = await standIn(message([5, 5]), '', message([5, 5]))
    const items = createCollector<Incoming>()
    const client = open(server, items.add, { stateFolder })
    await client.connect('alice')
    await server.until('ACK')
    await client.disconnect('alice')
    await client[request]('alice')
    if (request === 'register') await client.connect('alice').then(() => client.disconnect('alice'))
    await client.connect('alice')
    expect((await items.count(2)).map(({ id }) => id)).toEqual([5, 5])
  },
)

test('a state folder that cannot be written ends the session before anything is confirmed', async () => {
  const stateFolder = await makeTempFolder()
  const states = createCollector<ClientState>()
  const server = await standIn(message([1, 1]))
  const client = open(server, () => {}, { stateFolder, onState: states.add })
  await removeTempFolders()
  await client.connect('alice')
  const ended = await states.until(({ state }) => state === 'ended')
  expect(ended).toMatchObject({ reason: { code: 'ENOENT' } })
  expect(acks(server)).toEqual([])
})
