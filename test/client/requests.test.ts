import type { Client, Incoming, Receive } from '../../src/client/client.ts'
import { createClient, type ServerOptions } from '../../src/client/connect.ts'
import { CannotConnect, TimedOut } from '../../src/client/errors.ts'
import { createCollector } from '../support/collector.ts'
import { openServer, type ServerUnderTest } from '../support/server.ts'
import { answerWell, openSessionStandIn } from '../support/session-stand-in.ts'

let server: ServerUnderTest
const opened: { close(): Promise<void> }[] = []

beforeEach(async () => {
  server = await openServer()
})
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
  await server.close()
})

function open(options: ServerOptions = {}, receive: Receive = () => {}): Client {
  const client = createClient({ server: '127.0.0.1', port: server.port, ...options }, receive)
  opened.push(client)
  return client
}

/** A client as which an open account is made and connected. */
async function connected(user: string, options: ServerOptions = {}, receive?: Receive): Promise<Client> {
  const client = open(options, receive)
  await client.register(user)
  await client.connect(user)
  return client
}

describe.each(['session', 'legacy'] as const)('over the %s protocol a client', (protocol) => {
  test('registers, connects, sends, receives, gets its receipt, disconnects and unregisters', async () => {
    const forAlice = createCollector<Incoming>()
    const forBob = createCollector<Incoming>()
    const alice = await connected('alice', { protocol }, forAlice.add)
    const bob = await connected('bob', { protocol }, forBob.add)
    expect(alice.user).toBe('alice')

    const id = await alice.send('bob', 'hi,\twanna hear a joké?')
    const [message] = await forBob.count(1)
    expect(message).toMatchObject({ kind: 'message', id, sender: 'alice', text: 'hi,\twanna hear a joké?' })
    const [receipt] = await forAlice.count(1)
    expect(receipt).toMatchObject({ kind: 'receipt', id })

    await bob.disconnect('bob')
    expect(bob.user).toBeUndefined()
    await bob.unregister('bob')
    await expect(alice.send('bob', 'gone')).rejects.toMatchObject({ code: 'no-such-user' })
  })

  test('is refused with the same codes', async () => {
    const alice = await connected('alice', { protocol })
    const other = open({ protocol })
    const refused = (code: string) => expect.objectContaining({ name: 'Fault', code })
    await expect(other.register('alice')).rejects.toEqual(refused('user-exists'))
    await expect(other.connect('alice')).rejects.toEqual(refused('already-connected'))
    await expect(other.connect('nobody')).rejects.toEqual(refused('no-such-user'))
    await expect(other.unregister('nobody')).rejects.toEqual(refused('no-such-user'))
    await expect(other.send('alice', 'not connected')).rejects.toEqual(refused('not-connected'))
    await expect(alice.connect('alice')).rejects.toEqual(refused('already-connected'))
    await expect(alice.connect('bob')).rejects.toEqual(refused('not-allowed'))
    await expect(alice.send('nobody', 'hello')).rejects.toEqual(refused('no-such-user'))
    await expect(alice.send('alice', 'no\0end')).rejects.toEqual(refused('invalid-request'))
    await other.register('bob')
    await expect(other.disconnect('bob')).rejects.toEqual(refused('not-connected'))
  })

  test('gives a request up when the signal says so, with the reason of the signal', async () => {
    const reason = new Error('enough')
    const silent = await openSessionStandIn(() => {})
    opened.push(silent)
    const client = open({ protocol, port: silent.port })
    const stop = new AbortController()
    const request = client.register('alice', undefined, { signal: stop.signal })
    stop.abort(reason)
    await expect(request).rejects.toBe(reason)
    await expect(client.connect('alice', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('says that nobody listens, or that nobody answers', async () => {
    const silent = await openSessionStandIn(() => {})
    opened.push(silent)
    await expect(open({ protocol, port: silent.port, timeoutMs: 50 }).register('alice')).rejects.toThrow(
      TimedOut,
    )
    const { port } = silent
    await silent.close()
    opened.pop()
    const failure = open({ protocol, port }).register('alice')
    await expect(failure).rejects.toThrow(CannotConnect)
    await expect(failure).rejects.toThrow(`cannot reach 127.0.0.1:${port} (connection refused)`)
  })
})

describe('over the session protocol', () => {
  test('CONNECT tells how many items wait', async () => {
    const alice = await connected('alice')
    await open().register('bob')
    for (const text of ['one', 'two', 'three']) await alice.send('bob', text)
    expect(await open().connect('bob')).toBe(3)
  })

  test('messages come with their time, receipts with their recipient', async () => {
    const items = createCollector<Incoming>()
    const alice = await connected('alice', {}, items.add)
    await alice.send('alice', 'to myself')
    const [message, receipt] = await items.count(2)
    expect(message).toHaveProperty('acceptedAt', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/))
    expect(receipt).toMatchObject({ kind: 'receipt', recipient: 'alice' })
  })

  test('users are listed by prefix, with who is there', async () => {
    const alice = await connected('alice')
    await connected('älva')
    await open().register('albert')
    expect(await alice.users('al')).toEqual([
      { name: 'albert', online: false },
      { name: 'alice', online: true },
    ])
    expect(await alice.users('ä')).toEqual([{ name: 'älva', online: true }])
    expect(await alice.users('zzz')).toEqual([])
    await expect(open().users('')).rejects.toMatchObject({ code: 'not-connected' })
  })

  test('an account with a credential opens to its secret alone', async () => {
    const client = open()
    await client.register('alice', { secret: 'open sesame', kind: 'generated' })
    await expect(client.connect('alice')).rejects.toMatchObject({ code: 'not-authenticated' })
    await expect(client.connect('alice', { secret: 'wrong' })).rejects.toMatchObject({
      code: 'not-authenticated',
    })
    await client.connect('alice', { secret: 'open sesame' })
    await client.passwd({ secret: 'another', kind: 'generated' })
    await client.disconnect('alice')

    const elsewhere = open()
    await expect(elsewhere.connect('alice', { secret: 'open sesame' })).rejects.toMatchObject({
      code: 'not-authenticated',
    })
    await elsewhere.connect('alice', { secret: 'another' })
    await elsewhere.disconnect('alice')
    await expect(client.unregister('alice')).rejects.toMatchObject({ code: 'not-authenticated' })
    await client.unregister('alice', { secret: 'another' })
    await expect(elsewhere.connect('alice')).rejects.toMatchObject({ code: 'no-such-user' })
  })

  test('PASSWD closes an open account to everybody else', async () => {
    const alice = await connected('alice')
    await alice.passwd({ secret: 'mine now', kind: 'generated' })
    await alice.disconnect('alice')
    await expect(open().connect('alice')).rejects.toMatchObject({ code: 'not-authenticated' })
  })

  test('a server that does not know the secret itself is not believed', async () => {
    const impostor = await openSessionStandIn((frame, peer) => {
      if (frame[0] !== 'AUTH') return answerWell(frame, peer)
      const nonce = /r=(.*)/.exec(frame[2] ?? '')?.[1]
      const first = frame[2]?.startsWith('n,,')
      peer.send('OK', frame[1] ?? '', first ? `r=${nonce}more,s=c2FsdHNhbHQ=,i=4096` : `v=${'A'.repeat(43)}=`)
    })
    opened.push(impostor)
    const client = open({ port: impostor.port })
    await expect(client.connect('alice', { secret: 'pencil' })).rejects.toMatchObject({
      name: 'UnprovenServer',
    })
    expect(client.user).toBeUndefined()
    expect(impostor.frames.map(([operation]) => operation)).not.toContain('CONNECT')
  })

  test('whoever is connected as the user elsewhere makes way for a takeover, and hears of it', async () => {
    const states = createCollector<string>()
    const first = await connected('alice', { onState: ({ state }) => states.add(state) })
    const second = open()
    await second.connect('alice', { takeover: true })
    await states.until((state) => state === 'ended')
    expect(states.all).toEqual(['connecting', 'online', 'ended'])
    expect(first.user).toBeUndefined()
    await expect(first.send('alice', 'still me?')).rejects.toMatchObject({ code: 'not-connected' })
    // It does not fight back, but may be told to.
    expect(second.user).toBe('alice')
    await expect(first.connect('alice')).rejects.toMatchObject({ code: 'already-connected' })
  })

  test('a session ends when its user is unregistered elsewhere', async () => {
    const reasons = createCollector<unknown>()
    const alice = await connected('alice', {
      onState: (change) => {
        if (change.state === 'ended') reasons.add(change.reason)
      },
    })
    await alice.passwd({ secret: 'mine', kind: 'generated' })
    await open().unregister('alice', { secret: 'mine' })
    expect(await reasons.count(1)).toEqual([expect.objectContaining({ code: 'no-such-user' })])
  })

  test('a user is unregistered with or without being connected, and never on behalf of another', async () => {
    const alice = await connected('alice')
    await open().register('bob')
    await alice.unregister('bob')
    expect(alice.user).toBe('alice')
    await alice.unregister('alice')
    expect(alice.user).toBeUndefined()
    await expect(alice.connect('alice')).rejects.toMatchObject({ code: 'no-such-user' })
    await expect(alice.connect('bob')).rejects.toMatchObject({ code: 'no-such-user' })
  })

  test('a text over the limit of the server is refused before it is sent, and the connection stays', async () => {
    const alice = await connected('alice')
    await expect(alice.send('alice', 'x'.repeat(65_537))).rejects.toMatchObject({ code: 'too-large' })
    await expect(alice.send('x'.repeat(65), 'hello')).rejects.toMatchObject({ code: 'no-such-user' })
    expect(await alice.send('alice', 'x'.repeat(65_536))).toBeGreaterThanOrEqual(0)
  })

  test('a CONNECT that is given up connects nobody, although its answer may come', async () => {
    const stop = new AbortController()
    const slow = await openSessionStandIn((frame, peer) => {
      if (frame[0] !== 'CONNECT' || peer.number > 0) return answerWell(frame, peer)
      stop.abort(new Error('too slow'))
      peer.send('OK', frame[1] ?? '', 0)
    })
    opened.push(slow)
    const client = open({ port: slow.port })
    const given = client.connect('alice', { signal: stop.signal })
    await expect(client.connect('bob')).rejects.toMatchObject({ code: 'not-allowed' })
    await expect(given).rejects.toThrow('too slow')
    expect(client.user).toBeUndefined()
    // The server may have the user as connected there, so it is another connection.
    await client.connect('alice')
    expect(slow.frames.filter(([operation]) => operation === 'SESSION')).toHaveLength(2)
  })

  test('a server of another version is named', async () => {
    const future = await openSessionStandIn(([operation], peer) => {
      peer.send('FAULT', '-', 'unsupported-version', `this server speaks version 2, not ${operation}`)
      peer.end()
    })
    const newer = await openSessionStandIn((_frame, peer) => peer.send('SESSION', 2, 65_536, 256, 30))
    opened.push(future, newer)
    for (const { port } of [future, newer]) {
      await expect(open({ port }).register('alice')).rejects.toMatchObject({
        name: 'Fault',
        code: 'unsupported-version',
        message: expect.stringContaining('version 2'),
      })
    }
  })

  test.each([
    ['words of another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n\0'],
    ['an opening without sense', 'SESSION\x001\x00many\x00256\x0030\0'],
    ['an opening without an end', `SESSION\0${'1'.repeat(5_000)}`],
    ['what is not UTF-8', Buffer.from([0xff, 0x00])],
  ])('a server that answers with %s is no dms server', async (_what, bytes) => {
    const odd = await openSessionStandIn((_frame, peer) => peer.sendBytes(bytes))
    opened.push(odd)
    const failure = open({ port: odd.port }).register('alice')
    await expect(failure).rejects.toThrow(CannotConnect)
    await expect(failure).rejects.toThrow('does not answer like a dms server')
  })

  test('a server that closes without a word may be one of the original protocol', async () => {
    const original = await openSessionStandIn((_frame, peer) => peer.end())
    opened.push(original)
    await expect(open({ port: original.port }).register('alice')).rejects.toThrow(/original protocol/)
  })

  test('an answer that comes in pieces, opening included, is an answer', async () => {
    const slow = await openSessionStandIn((frame, peer) => {
      if (frame[0] !== 'SESSION') return answerWell(frame, peer)
      const opening = 'SESSION\x001\x0065536\x00256\x0030\0PING\x007\0PI'
      for (const byte of opening) peer.sendBytes(byte)
      peer.sendBytes('NG\x008\0')
    })
    opened.push(slow)
    await open({ port: slow.port }).register('alice')
    await slow.until('PONG', ([n]) => n === '7')
    await slow.until('PONG', ([n]) => n === '8')
  })
})

test('over the legacy protocol what it cannot do is refused', async () => {
  const client = await connected('alice', { protocol: 'legacy' })
  const secret = { secret: 'secret', kind: 'chosen' } as const
  const refused = { code: 'not-allowed' }
  await expect(client.register('bob', secret)).rejects.toMatchObject(refused)
  await expect(client.connect('alice', { secret: 'secret' })).rejects.toMatchObject(refused)
  await expect(client.connect('alice', { takeover: true })).rejects.toMatchObject(refused)
  await expect(client.passwd(secret)).rejects.toMatchObject(refused)
  await expect(client.users('')).rejects.toMatchObject(refused)
  expect(() => open({ protocol: 'legacy', tls: true })).toThrow(/TLS/)
})
