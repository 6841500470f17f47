import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import { createSecret, createVerifier } from '../../src/client/scram.ts'
import { createAuthentication } from '../../src/service/authentication.ts'
import { createMessaging } from '../../src/service/messaging.ts'
import { createSessionProtocol } from '../../src/transport/session-protocol.ts'
import { WIDE_LIMITS } from '../support/backends.ts'
import { WIDE_REQUEST_LIMIT } from '../support/request-limit.ts'
import { login } from '../support/session-login.ts'
import { type SessionPeer, speakSession } from '../support/session-peer.ts'

/** wire-protocol 2, last lines: open accounts are for this machine, unless a switch says otherwise. */
describe('a session from another machine', () => {
  const closers: (() => void)[] = []
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })

  /** Sessions that the protocol sees as coming from this address, with one open account (`open`) in the store. */
  async function sessionFrom(address: string, allowOpen: boolean): Promise<SessionPeer> {
    const observer = {}
    const backend = createMemoryBackend(WIDE_LIMITS)
    const maxTextBytes = 1000
    const messaging = createMessaging({ ...backend, observer, maxTextBytes, now: Date.now })
    await messaging.register('open' as never, '' as never)
    const protocol = createSessionProtocol({
      messaging,
      authentication: createAuthentication({
        store: backend.store,
        key: backend.secretKey,
        now: () => performance.now(),
      }),
      observer,
      maxTextBytes,
      window: 8,
      heartbeatSeconds: 30,
      requestTimeoutMs: 5000,
      maxUnreadBytes: 65_536,
      requestLimit: WIDE_REQUEST_LIMIT,
      allowOpen,
      openRegistration: true,
    })
    const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
      Object.defineProperty(socket, 'remoteAddress', { value: address })
      socket.on('error', () => {})
      protocol.serve(socket, Buffer.alloc(0))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    closers.push(
      () => socket.destroy(),
      () => server.close(),
      () => protocol.stop(),
    )
    const peer = speakSession(socket)
    peer.send(['SESSION', 1])
    await peer.take('SESSION')
    return peer
  }

  test.each(['192.0.2.7', '2001:db8::7', '::ffff:192.0.2.7', '10.0.0.1'])(
    '(%s) makes and uses no open account, and is not told which there are',
    async (address) => {
      const peer = await sessionFrom(address, false)
      const refused = ['FAULT', 'not-authenticated', expect.stringContaining('AUTH')]
      expect(await peer.ask('REGISTER', 'ann', '')).toEqual(refused)
      expect(await peer.ask('CONNECT', 'open', '')).toEqual(refused)
      expect(await peer.ask('CONNECT', 'open', 'takeover')).toEqual(refused)
      expect(await peer.ask('CONNECT', 'nobody', '')).toEqual(refused)
    },
  )

  test('uses accounts with a credential', async () => {
    const peer = await sessionFrom('192.0.2.7', false)
    const secret = createSecret()
    expect(await peer.ask('REGISTER', 'ann', await createVerifier(secret, 'generated'))).toEqual(['OK', ''])
    expect((await peer.ask('CONNECT', 'ann', ''))[1]).toBe('not-authenticated')
    expect((await login(peer, 'ann', secret))[0]).toBe('OK')
    expect((await peer.ask('CONNECT', 'ann', ''))[0]).toBe('OK')
    expect((await peer.ask('SEND', 'open', 'hello'))[0]).toBe('OK')
  })

  test('uses open accounts where the server allows that', async () => {
    const peer = await sessionFrom('192.0.2.7', true)
    expect(await peer.ask('REGISTER', 'ann', '')).toEqual(['OK', ''])
    expect((await peer.ask('CONNECT', 'open', ''))[0]).toBe('OK')
  })

  test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('is none from %s', async (address) => {
    const peer = await sessionFrom(address, false)
    expect(await peer.ask('REGISTER', 'ann', '')).toEqual(['OK', ''])
    expect((await peer.ask('CONNECT', 'open', ''))[0]).toBe('OK')
  })
})
