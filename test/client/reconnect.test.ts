import type { ClientState, Incoming, Receive } from '../../src/client/client.ts'
import type { ServerOptions } from '../../src/client/connect.ts'
import { CannotConnect } from '../../src/client/errors.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { type ClientBed, change, openClientBed } from '../support/client-bed.ts'
import { createCollector } from '../support/collector.ts'
import { answerWell, openSessionStandIn } from '../support/session-stand-in.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { user } from '../support/words.ts'

let bed: ClientBed
beforeEach(async () => {
  bed = await openClientBed()
})
afterEach(async () => {
  await bed.close()
  await removeTempFolders()
})

test('a SEND whose answer was lost is answered on the next connection, and stored once', async () => {
  await bed.register('alice', 'bob')
  const forAlice = createCollector<Incoming>()
  const forBob = createCollector<Incoming>()
  const alice = await bed.connected('alice', forAlice.add)
  const bob = await bed.connected('bob', forBob.add, { port: bed.server.port })
  bed.relay.swallow('server')
  const answer = alice.client.send('bob', 'only once')
  const [message] = await forBob.count(1)
  bed.relay.cut()
  expect(await answer).toBe(message?.id)
  // The receipt waited as well, and what is sent now comes behind it.
  const [receipt] = await forAlice.count(1)
  expect(receipt).toMatchObject({ kind: 'receipt', id: message?.id, recipient: 'bob' })
  const next = await alice.client.send('bob', 'next')
  await forBob.until(({ id }) => id === next)
  expect(forBob.all.map((item) => item.kind === 'message' && item.text)).toEqual(['only once', 'next'])
  expect(bob.states.all.map(({ state }) => state)).toEqual(['connecting', 'online'])
})

test('an item whose confirmation was lost comes again, is confirmed, and is not shown again', async () => {
  await bed.register('alice', 'bob')
  const forBob = createCollector<Incoming>()
  const { states } = await bed.connected('bob', forBob.add)
  const alice = await bed.connected('alice', undefined, { port: bed.server.port })
  bed.relay.swallow('client')
  await alice.client.send('bob', 'first')
  await forBob.count(1)
  bed.relay.cut()
  expect(await change(states, 'back')).toEqual({ state: 'back', waiting: 1 })
  await bed.emptied('bob')
  const last = await alice.client.send('bob', 'second')
  await forBob.until(({ id }) => id === last)
  expect(forBob.all).toHaveLength(2)
})

describe('across processes', () => {
  /** Takes one message as bob, and loses its confirmation together with the client. */
  async function takeWithoutConfirming(options: ServerOptions): Promise<void> {
    const forBob = createCollector<Incoming>()
    const { client } = await bed.connected('bob', forBob.add, options)
    const alice = await bed.connected('alice', undefined, { port: bed.server.port })
    bed.relay.swallow('client')
    await alice.client.send('bob', 'seen by the first')
    await forBob.count(1)
    await client.close()
    bed.relay.cut()
    await alice.client.disconnect('alice')
    await bed.server.messaging
      .disconnect({ name: toByteString('bob'), proof: toByteString('') })
      .catch(() => {})
  }

  test('what one has shown the next one does not show, with the same state folder', async () => {
    await bed.register('alice', 'bob')
    const stateFolder = await makeTempFolder()
    await takeWithoutConfirming({ stateFolder })
    const forBob = createCollector<Incoming>()
    await bed.connected('bob', forBob.add, { stateFolder })
    await bed.emptied('bob')
    expect(forBob.all).toEqual([])
  })

  test('without a state folder the next one cannot know, and nothing is lost', async () => {
    await bed.register('alice', 'bob')
    await takeWithoutConfirming({})
    const forBob = createCollector<Incoming>()
    await bed.connected('bob', forBob.add)
    expect(await forBob.count(1)).toMatchObject([{ text: 'seen by the first' }])
  })

  test('an account made anew elsewhere begins its seqs anew, and all that it gets is shown', async () => {
    await bed.register('alice', 'bob')
    const stateFolder = await makeTempFolder()
    const seen = createCollector<Incoming>()
    const old = await bed.connected('bob', seen.add, { stateFolder })
    const alice = await bed.connected('alice', undefined, { port: bed.server.port })
    for (const text of ['one', 'two', 'three']) await alice.client.send('bob', text)
    await seen.count(3)
    await old.client.disconnect('bob')
    await old.client.close()

    await bed.backend.store.removeAccount(user('bob'))
    await bed.register('bob')
    const forBob = createCollector<Incoming>()
    const again = await bed.connected('bob', forBob.add, { stateFolder })
    const last = await alice.client.send('bob', 'for the new one')
    expect(await forBob.count(1)).toMatchObject([{ id: last, text: 'for the new one' }])
    // From here on it counts as the last one seen.
    await bed.emptied('bob')
    await again.client.disconnect('bob')
    await again.client.connect('bob')
    await alice.client.send('bob', 'and another')
    expect(await forBob.count(2)).toHaveLength(2)
  })
})

test('a server that stops in order and starts again is found again, more than once', async () => {
  await bed.register('alice')
  const items = createCollector<Incoming>()
  const { client, states } = await bed.connected('alice', items.add)
  for (const round of [1, 2, 3]) {
    await bed.restart()
    await states.count(2 + 2 * round)
    await client.send('alice', `round ${round}`)
  }
  await items.count(6)
  expect(states.all.map(({ state }) => state)).toEqual([
    'connecting',
    'online',
    ...['lost', 'back', 'lost', 'back', 'lost', 'back'],
  ])
})

describe('while the server is away', () => {
  async function away(options: ServerOptions = {}, receive?: Receive) {
    await bed.register('alice')
    const it = await bed.connected('alice', receive, options)
    await bed.relay.refuse()
    const { reason } = await change(it.states, 'lost')
    return { ...it, reason }
  }

  test('SENDs wait and go out in order when it is back', async () => {
    const items = createCollector<Incoming>()
    const { client } = await away({}, items.add)
    const answers = Array.from({ length: 700 }, (_, n) => client.send('alice', `number ${n}`))
    await bed.relay.mend()
    const ids = await Promise.all(answers)
    expect(ids).toEqual([...ids].sort((one, other) => one - other))
    await items.count(1_400)
    const texts = items.all.flatMap((item) => (item.kind === 'message' ? [item.text] : []))
    expect(texts).toEqual(ids.map((_, n) => `number ${n}`))
  })

  test('beyond a limit they are refused, with words that say why', async () => {
    const { client } = await away({ maxWaiting: 2, maxWaitingBytes: 1_000 })
    const first = client.send('alice', 'x'.repeat(900))
    await expect(client.send('alice', 'x'.repeat(900))).rejects.toMatchObject({ code: 'try-again' })
    const second = client.send('alice', 'short')
    await expect(client.send('alice', 'one too many')).rejects.toMatchObject({
      code: 'try-again',
      message: expect.stringContaining('2 messages wait'),
    })
    await bed.relay.mend()
    await Promise.all([first, second])
    await client.send('alice', 'room again')
  })

  test('one that is given up is never sent', async () => {
    const items = createCollector<Incoming>()
    const { client } = await away({}, items.add)
    const stop = new AbortController()
    const given = client.send('alice', 'never mind', { signal: stop.signal })
    const kept = client.send('alice', 'kept')
    stop.abort(new Error('never mind'))
    await expect(given).rejects.toThrow('never mind')
    await bed.relay.mend()
    await kept
    await items.count(2)
    expect(items.all).toMatchObject([{ text: 'kept' }, { kind: 'receipt' }])
  })

  test('other requests are refused with what is known, and DISCONNECT ends it', async () => {
    const { client, states, reason } = await away()
    expect(reason).toBeInstanceOf(CannotConnect)
    const waiting = client.send('alice', 'too late')
    await expect(client.users('')).rejects.toThrow(/is away and looked for/)
    await client.disconnect('alice')
    await expect(waiting).rejects.toMatchObject({ code: 'not-connected' })
    expect(client.user).toBeUndefined()
    await bed.relay.mend()
    await client.connect('alice', { takeover: true })
    expect(states.all.map(({ state }) => state)).toEqual([
      ...['connecting', 'online', 'lost'],
      ...['connecting', 'online'],
    ])
  })

  test('one who has connected elsewhere meanwhile is not torn away: this session is over, in words that say so', async () => {
    const { client, states } = await away()
    const elsewhere = await bed.connected('alice', undefined, { port: bed.server.port })
    await bed.relay.mend()
    const { reason } = await change(states, 'ended')
    expect(reason).toMatchObject({
      code: 'already-connected',
      message: 'alice has connected elsewhere while the server was away, which ended this session',
    })
    expect(client.user).toBeUndefined()
    await elsewhere.client.send('alice', 'still here')
    expect(elsewhere.states.all.map(({ state }) => state)).toEqual(['connecting', 'online'])
  })

  test('an account that is removed ends the session, and whoever waits is told', async () => {
    const { client, states } = await away()
    const waiting = client.send('alice', 'to nobody')
    const told = expect(waiting).rejects.toMatchObject({ code: 'no-such-user' })
    await bed.backend.store.removeAccount(user('alice'))
    await bed.relay.mend()
    await change(states, 'ended')
    await told
    expect(client.user).toBeUndefined()
  })
})

test('a connection that is half open is noticed by its silence, and taken over', async () => {
  await bed.register('alice')
  const { client, states } = await bed.connected('alice')
  bed.relay.swallow('server')
  bed.relay.swallow('client')
  const { reason } = await change(states, 'lost')
  expect(reason.message).toContain('nothing was heard of')
  await change(states, 'back')
  await client.send('alice', 'still here')
})

test('a secret opens the account on every connection, also one that was replaced meanwhile', async () => {
  await bed.register('alice')
  const { client, states } = await bed.connected('alice')
  await client.passwd({ secret: 'mine', kind: 'generated' })
  bed.relay.cut()
  await change(states, 'back')
  await client.send('alice', 'let in')
})

test('a session that is quiet lives, since both ends answer to heartbeats', async () => {
  const beats = createCollector<string>()
  const quiet = await openSessionStandIn((frame, peer) => {
    beats.add(frame[0])
    if (frame[0] !== 'SESSION') return answerWell(frame, peer)
    peer.send('SESSION', 1, 65_536, 256, 0.04)
    peer.send('PING', 'n1')
  })
  bed.keep(quiet)
  const { client, states } = await bed.connected('alice', undefined, { port: quiet.port })
  const pings = () => beats.all.filter((word) => word === 'PING').length
  await beats.until(() => pings() >= 5)
  expect(quiet.frames).toContainEqual(['PONG', 'n1'])
  expect(client.user).toBe('alice')
  expect(states.all).toHaveLength(2)
})

test('nonsense in the middle of a session is a lost connection with a clear reason', async () => {
  const odd = await openSessionStandIn((frame, peer) => {
    answerWell(frame, peer)
    if (frame[0] === 'CONNECT' && peer.number === 0)
      peer.sendBytes('SEND_MESSAGE\0one\0two\0three\0four\0five\0')
    if (frame[0] === 'CONNECT' && peer.number === 1) peer.sendBytes('NONSENSE\0')
  })
  bed.keep(odd)
  const { states } = await bed.connected('alice', undefined, { port: odd.port })
  await states.count(6)
  const reasons = states.all.flatMap((one) => (one.state === 'lost' ? [one.reason.message] : []))
  expect(reasons).toEqual([
    expect.stringContaining('does not keep to the session protocol (SEND_MESSAGE)'),
    expect.stringContaining('does not answer like a dms server'),
  ])
  expect(states.all.at(-1)?.state).toBe('back')
})

test('a first connection that fails is not tried again: whoever asked decides', async () => {
  await bed.relay.refuse()
  const states = createCollector<ClientState>()
  const failure = bed.connected('alice', undefined, { onState: states.add })
  await expect(failure).rejects.toThrow(CannotConnect)
  expect(states.all.map(({ state }) => state)).toEqual(['connecting'])
  await bed.relay.mend()
})
