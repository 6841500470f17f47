import type { Client, ClientState, Incoming, Receive } from '../../src/client/client.ts'
import { createClient, type ServerOptions } from '../../src/client/connect.ts'
import { createCollector } from '../support/collector.ts'
import { openServer } from '../support/server.ts'
import {
  answerWell,
  type OnClientFrame,
  openSessionStandIn,
  type SessionStandIn,
  type StandInPeer,
} from '../support/session-stand-in.ts'

const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

/** A stand-in with one client connected to it. */
async function connected(
  receive: Receive,
  onFrame: OnClientFrame = answerWell,
  options: ServerOptions = {},
): Promise<{ server: SessionStandIn; client: Client; peer: StandInPeer }> {
  const peers = createCollector<StandInPeer>()
  const server = await openSessionStandIn((frame, peer) => {
    onFrame(frame, peer)
    if (frame[0] === 'CONNECT') peers.add(peer)
  })
  opened.push(server)
  const where = { server: '127.0.0.1', port: server.port, backoff: { firstMs: 5, mostMs: 5 } }
  const client = createClient({ ...where, ...options }, receive)
  opened.push(client)
  await client.connect('alice')
  const [peer] = await peers.count(1)
  return { server, client, peer: peer as StandInPeer }
}

const TIME = '2026-01-02T03:04:05.678Z'

/** The bytes of so many messages, from a seq on. */
function messages(from: number, count: number): string {
  return Array.from({ length: count }, (_, n) => {
    const seq = from + n
    return `SEND_MESSAGE\0${seq}\0bob\0${seq}\0${TIME}\0text ${seq}\0`
  }).join('')
}

const acks = ({ frames }: SessionStandIn) => frames.filter(([word]) => word === 'ACK').map(([, seq]) => seq)

describe('confirmations', () => {
  test('what one chunk brings is confirmed with one ACK, once all of it was taken', async () => {
    const items = createCollector<Incoming>()
    const { server, peer } = await connected(items.add)
    peer.sendBytes(messages(1, 100))
    await server.until('ACK', ([seq]) => seq === '100')
    expect(items.all).toHaveLength(100)
    expect(acks(server)).toEqual(['100'])
  })

  test('nothing is confirmed before it was taken, and the next item waits for that', async () => {
    const taken = createCollector<() => void>()
    const { server, peer } = await connected(() => new Promise((resolve) => taken.add(resolve)))
    peer.sendBytes(messages(1, 3))
    const [first] = await taken.count(1)
    peer.send('PING', 'is anything confirmed')
    await server.until('PONG')
    expect(taken.all).toHaveLength(1)
    expect(acks(server)).toEqual([])
    first?.()
    await server.until('ACK', ([seq]) => seq === '1')
    const [, second] = await taken.count(2)
    second?.()
    await server.until('ACK', ([seq]) => seq === '2')
    expect(acks(server)).toEqual(['1', '2'])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('the disk is full')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('the disk is full'))],
  ] as const)(
    'an item whose taking %s is not confirmed, and ends the session with that reason',
    async (_how, receive) => {
      const states = createCollector<ClientState>()
      const { server, client, peer } = await connected(receive, answerWell, { onState: states.add })
      peer.sendBytes(messages(1, 2))
      const ended = await states.until(({ state }) => state === 'ended')
      expect(ended).toMatchObject({ reason: { message: 'the disk is full' } })
      expect(client.user).toBeUndefined()
      expect(acks(server)).toEqual([])
    },
  )

  test('what was taken is confirmed before DISCONNECT, what was not is left on the server', async () => {
    const items = createCollector<Incoming>()
    const { server, client, peer } = await connected(async (item) => {
      items.add(item)
      if (item.id === 2) await new Promise(() => {})
    })
    peer.sendBytes(messages(1, 3))
    await items.count(2)
    await client.disconnect('alice')
    expect(server.frames.slice(-2)).toEqual([
      ['ACK', '1'],
      ['DISCONNECT', expect.any(String)],
    ])
  })

  test('nothing behind an item that could not be taken is confirmed while the user disconnects', async () => {
    let refuse = () => {}
    const items = createCollector<Incoming>()
    const { server, client, peer } = await connected(
      (item) => {
        items.add(item)
        return new Promise((_, reject) => (refuse = () => reject(new Error('no'))))
      },
      (frame, peer) => {
        if (frame[0] !== 'SEND') answerWell(frame, peer)
      },
    )
    peer.sendBytes(messages(1, 2))
    await items.count(1)
    const answer = client.send('bob', 'before I go')
    const left = client.disconnect('alice')
    refuse()
    const [, ref] = await server.until('SEND')
    peer.send('OK', ref ?? '', 7)
    expect(await answer).toBe(7)
    await left
    expect(items.all).toHaveLength(1)
    expect(acks(server)).toEqual([])
  })

  test('a server that sends more than its window is not believed', async () => {
    const states = createCollector<ClientState>()
    const never = () => new Promise<void>(() => {})
    const { peer } = await connected(never, answerWell, { onState: states.add })
    peer.sendBytes(messages(1, 300))
    const lost = await states.until(({ state }) => state === 'lost')
    expect(lost).toMatchObject({ reason: { message: expect.stringContaining('does not keep to') } })
  })
})

describe('back-pressure', () => {
  test('a reader that takes nothing holds back a whole mailbox at the window, and SENDs are answered all the same', async () => {
    const server = await openServer({ window: 8 })
    opened.push(server)
    const taken = createCollector<() => void>()
    const forBob: Incoming[] = []
    const open = async (user: string, receive: Receive) => {
      const client = createClient({ server: '127.0.0.1', port: server.port }, receive)
      opened.push(client)
      await client.register(user)
      await client.connect(user)
      return client
    }
    const alice = await open('alice', () => {})
    const bob = await open('bob', (item) => {
      forBob.push(item)
      return new Promise((resolve) => taken.add(resolve))
    })
    await Promise.all(Array.from({ length: 100 }, (_, n) => alice.send('bob', `number ${n}`)))
    await taken.count(1)
    expect(await bob.send('alice', 'I am here')).toBe(100)
    expect(forBob).toHaveLength(1)
    for (let n = 1; n <= 101; n++) {
      const resolve = (await taken.count(n))[n - 1]
      resolve?.()
    }
    const texts = forBob.flatMap((item) => (item.kind === 'message' ? [item.text] : []))
    expect(texts).toEqual(Array.from({ length: 100 }, (_, n) => `number ${n}`))
  })

  test('no more than two windows of SENDs are on the wire', async () => {
    const sends = createCollector<string>()
    const { peer, client } = await connected(
      () => {},
      (frame, peer) => {
        if (frame[0] === 'SESSION') peer.send('SESSION', 1, 65_536, 4, 30)
        else if (frame[0] !== 'SEND') answerWell(frame, peer)
        else sends.add(frame[1] ?? '')
      },
    )
    const answers = Array.from({ length: 20 }, () => client.send('bob', 'hello'))
    await sends.count(8)
    expect((await client.users('')).length).toBe(1)
    expect(sends.all).toHaveLength(8)
    for (let n = 0; n < 20; n++) {
      const ref = (await sends.count(n + 1))[n]
      peer.send('OK', ref ?? '', n)
    }
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(new Set(sends.all).size).toBe(20)
  })
})

describe('a SEND of which nobody knows whether it was stored', () => {
  test('goes out again with its ref before anything is confirmed, and its receipt is not confirmed before its answer', async () => {
    const items = createCollector<Incoming>()
    const refs = createCollector<string>()
    const peers = createCollector<StandInPeer>()
    const { server, client } = await connected(items.add, (frame, peer) => {
      if (frame[0] !== 'SEND') {
        answerWell(frame, peer)
        // Its receipt was waiting, with a message behind it.
        if (frame[0] === 'CONNECT' && peer.number === 1) {
          peer.send('SEND_MESS_ACK', 1, 41, refs.all[0] ?? '', 'bob')
          peer.send('SEND_MESSAGE', 2, 'bob', 42, TIME, 'thank you')
        }
        return
      }
      refs.add(frame[1] ?? '')
      peers.add(peer)
      if (peer.number === 0) peer.cut()
    })
    // The receipt shows that it was stored: that is the answer.
    expect(await client.send('bob', 'hello')).toBe(41)
    const [first, again] = await refs.count(2)
    expect(again).toBe(first)
    const peer = (await peers.count(2))[1]
    peer?.send('PING', 'is anything confirmed')
    await server.until('PONG')
    expect(items.all).toEqual([])
    expect(acks(server)).toEqual([])
    peer?.send('OK', again ?? '', 41)
    await server.until('ACK', ([seq]) => seq === '2')
    expect(items.all).toMatchObject([{ kind: 'receipt', id: 41 }, { text: 'thank you' }])
  })

  test('keeps its place before those that were never sent', async () => {
    const sends: string[] = []
    const { client } = await connected(
      () => {},
      (frame, peer) => {
        if (frame[0] === 'SESSION') return peer.send('SESSION', 1, 65_536, 2, 30)
        if (frame[0] !== 'SEND') return answerWell(frame, peer)
        if (peer.number === 1) {
          sends.push(frame[3] ?? '')
          return answerWell(frame, peer)
        }
        // Answered out of order, and cut.
        if (frame[3] === 'text 1') peer.send('OK', frame[1] ?? '', 1)
        if (frame[3] === 'text 4') peer.end()
      },
    )
    await Promise.all(Array.from({ length: 9 }, (_, n) => client.send('bob', `text ${n}`)))
    expect(sends).toEqual([0, 2, 3, 4, 5, 6, 7, 8].map((n) => `text ${n}`))
  })

  test('is not sent again when its caller has given it up', async () => {
    const sends: string[] = []
    const stop = new AbortController()
    const { client } = await connected(
      () => {},
      (frame, peer) => {
        if (frame[0] !== 'SEND' || peer.number === 1) answerWell(frame, peer)
        if (frame[0] !== 'SEND') return
        sends.push(frame[3] ?? '')
        if (frame[3] === 'last' && peer.number === 0) {
          stop.abort(new Error('enough'))
          peer.cut()
        }
      },
    )
    const given = client.send('bob', 'first', { signal: stop.signal })
    const kept = client.send('bob', 'last')
    await expect(given).rejects.toThrow('enough')
    await kept
    expect(sends).toEqual(['first', 'last', 'last'])
  })

  test('is sent once more when the server only refuses to look', async () => {
    const refs: string[] = []
    const { client } = await connected(
      () => {},
      (frame, peer) => {
        if (frame[0] !== 'SEND') return answerWell(frame, peer)
        refs.push(frame[1] ?? '')
        if (peer.number === 0) peer.cut()
        else if (peer.number === 1) peer.send('FAULT', frame[1] ?? '', 'try-again', 'slow down')
        else answerWell(frame, peer)
      },
    )
    await client.send('bob', 'hello')
    expect(refs).toHaveLength(3)
    expect(new Set(refs).size).toBe(1)
  })

  test('is refused at once when it was never sent before', async () => {
    const { client } = await connected(
      () => {},
      (frame, peer) => {
        if (frame[0] !== 'SEND') return answerWell(frame, peer)
        peer.send('FAULT', frame[1] ?? '', 'try-again', 'slow down')
      },
    )
    await expect(client.send('bob', 'hello')).rejects.toMatchObject({ code: 'try-again' })
  })
})
