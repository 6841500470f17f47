import { createSecret, createVerifier } from '../../src/client/scram.ts'
import { createRequestLimit } from '../../src/transport/request-limit.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { createSessionBed, type SessionBed } from '../support/session-bed.ts'
import { login } from '../support/session-login.ts'
import { dialSessionPeer, type SessionPeer } from '../support/session-peer.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

/** Reliability, security: "limits with flags; at a limit a clear refusal". */
const TRY_AGAIN = ['FAULT', 'try-again', expect.any(String)]

describe('requests a second of one address', () => {
  let now = 0
  let bed: SessionBed

  beforeEach(async () => {
    now = 0
    bed = await createSessionBed({ requestLimit: createRequestLimit(10, () => now) })
  })
  afterEach(() => bed.close())

  const pings = async (peer: SessionPeer, count: number): Promise<string[]> => {
    const outcomes: string[] = []
    for (let n = 0; n < count; n++) outcomes.push((await peer.ask('PING'))[0] as string)
    return outcomes
  }

  test('are answered up to the limit, refused beyond it, and answered again as time goes by', async () => {
    const peer = await bed.open()
    expect(await pings(peer, 12)).toEqual([...Array(10).fill('OK'), 'FAULT', 'FAULT'])
    expect(await peer.ask('PING')).toEqual([
      'FAULT',
      'try-again',
      'more than 10 requests a second from this address: slow down',
    ])
    now += 200
    expect(await pings(peer, 3)).toEqual(['OK', 'OK', 'FAULT'])
  })

  test('are counted over all connections of the address, and over both protocols', async () => {
    const [first, second] = [await bed.open(), await bed.open()]
    await pings(first, 5)
    expect(await pings(second, 6)).toEqual([...Array(5).fill('OK'), 'FAULT'])
    expect(await bed.legacy('REGISTER', 'ann')).toEqual([2])
    now += 1000
    expect(await bed.legacy('REGISTER', 'ann')).toEqual([0])
  })

  test('that come in one packet are all done, and have to be made up for', async () => {
    const ann = await bed.join('ann')
    now += 1000
    ann.send(...Array.from({ length: 30 }, (_, n) => ['SEND', `s${n}`, 'ann', String(n)]))
    for (let n = 0; n < 30; n++) expect((await ann.reply(`s${n}`))[0]).toBe('OK')
    expect(await ann.ask('SEND', 'ann', 'more')).toEqual(TRY_AGAIN)
    now += 1000
    expect(await ann.ask('SEND', 'ann', 'more')).toEqual(TRY_AGAIN)
    now += 2000
    expect((await ann.ask('SEND', 'ann', 'more'))[0]).toBe('OK')
  })

  test('do not count what has no answer: a client at the limit still confirms and lives', async () => {
    const ann = await bed.join('ann')
    await ann.ask('SEND', 'ann', 'one')
    await pings(ann, 10)
    for (let n = 0; n < 50; n++) ann.send(['PONG', n])
    ann.confirm(await ann.take('SEND_MESSAGE'))
    await ann.take('SEND_MESS_ACK')
  })

  test.each([
    ['192.0.2.1', '192.0.2.2', false],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ])('%s and %s are one source: %s', (one, other, shared) => {
    const limit = createRequestLimit(1, () => 0)
    limit.of(one).spend(5)
    expect(limit.of(one).spent()).toBe(true)
    expect(limit.of(other).spent()).toBe(shared)
  })
})

describe('a server with small limits', () => {
  let server: ServerProcess | undefined
  const peers: SessionPeer[] = []

  afterEach(async () => {
    for (const peer of peers.splice(0)) await peer.close()
    await server?.kill()
    await removeTempFolders()
  })

  async function start(...flags: readonly string[]): Promise<void> {
    server = await startServerProcess({ folder: await makeTempFolder(), flags })
  }
  async function dial(): Promise<SessionPeer> {
    const peer = await dialSessionPeer((server as ServerProcess).port)
    peers.push(peer)
    return peer
  }
  async function openSession(): Promise<SessionPeer> {
    const peer = await dial()
    peer.send(['SESSION', 1])
    await peer.take('SESSION')
    return peer
  }
  async function join(user: string): Promise<SessionPeer> {
    const peer = await openSession()
    await peer.ask('REGISTER', user, '')
    await peer.ask('CONNECT', user, '')
    return peer
  }

  test.each([
    ['--max-connections', 'too many connections'],
    ['--max-connections-per-address', 'too many connections from this address'],
  ])(
    '(%s) tells a connection too many why it is closed, and takes another when one has gone',
    async (flag, why) => {
      await start(flag, '2')
      const first = await openSession()
      await openSession()
      const third = await dial()
      expect(await third.take('FAULT')).toEqual(['FAULT', '-', 'try-again', why])
      await third.closed
      await first.close()
      for (;;) {
        const again = await dial()
        again.send(['SESSION', 1])
        if ((await again.take(() => true))[0] === 'SESSION') break
      }
    },
  )

  test('(--max-requests-per-second) refuses what is beyond', async () => {
    await start('--max-requests-per-second', '3')
    const peer = await openSession()
    peer.send(['PING', 'a'], ['PING', 'b'], ['PING', 'c'], ['PING', 'd'])
    for (const ref of ['a', 'b', 'c', 'd']) await peer.reply(ref)
    expect(await peer.ask('PING')).toEqual(TRY_AGAIN)
  })

  test('(--max-text-bytes, --mailbox-items, --mailbox-bytes) refuses messages', async () => {
    await start('--max-text-bytes', '10', '--mailbox-items', '2', '--mailbox-bytes', '15')
    const ann = await join('ann')
    await ann.ask('REGISTER', 'bob', '')
    await ann.ask('REGISTER', 'carl', '')
    expect((await ann.ask('SEND', 'bob', '12345678901'))[1]).toBe('too-large')
    expect((await ann.ask('SEND', 'bob', '1234567890'))[0]).toBe('OK')
    expect((await ann.ask('SEND', 'bob', '123456'))[1]).toBe('mailbox-full')
    for (const outcome of ['OK', 'OK', 'FAULT']) expect((await ann.ask('SEND', 'carl', ''))[0]).toBe(outcome)
  })

  test('(--login-failures-per-address) takes no more guesses, and no right one, until some time has gone by', async () => {
    await start('--login-failures-per-address', '3,1')
    const peer = await openSession()
    const secret = createSecret()
    await peer.ask('REGISTER', 'ann', await createVerifier(secret, 'generated'))
    for (let n = 0; n < 3; n++)
      expect((await login(peer, `nobody${n}`, 'guess'))[1]).toBe('not-authenticated')
    const refused = await login(peer, 'ann', secret)
    expect(refused.slice(0, 2)).toEqual(['FAULT', 'try-again'])
    expect(refused[2]).toMatch(/try again in (60|[1-5]?\d) s/)
  })

  test('(--login-failures-per-user) takes no more guesses at one user, and serves the others', async () => {
    await start('--login-failures-per-user', '2,1')
    const peer = await openSession()
    const secret = createSecret()
    await peer.ask('REGISTER', 'ann', await createVerifier(secret, 'generated'))
    for (let n = 0; n < 2; n++) expect((await login(peer, 'bob', 'guess'))[1]).toBe('not-authenticated')
    expect((await login(peer, 'bob', 'guess'))[1]).toBe('try-again')
    expect((await login(peer, 'ann', secret))[0]).toBe('OK')
  })

  test('(--window, --heartbeat) tells them', async () => {
    await start('--window', '7', '--heartbeat', '9')
    const peer = await openSession()
    expect(peer.frames[0]).toEqual(['SESSION', '1', '65536', '7', '9'])
  })
})
