import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import type { FaultCode } from '../../src/domain/fault.ts'
import { createMessaging } from '../../src/service/messaging.ts'
import { createLegacyProtocol } from '../../src/transport/legacy-protocol.ts'
import type { Push } from '../../src/transport/push-dial.ts'
import { WIDE_LIMITS } from '../support/backends.ts'
import { exchange } from '../support/legacy-wire.ts'
import { WIDE_REQUEST_LIMIT } from '../support/request-limit.ts'

/** The original protocol proves nobody's identity, so it is for this machine unless the server is told otherwise (wire-protocol 2, last lines). */
describe('a request from another machine', () => {
  const outcomes: (FaultCode | 'ok')[] = []
  const pushes: Push[] = []
  const closers: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    outcomes.length = 0
    pushes.length = 0
    for (const close of closers.splice(0)) await close()
  })

  /** A port whose connections the protocol sees as coming from `address`. */
  async function portSeenFrom(address: string, allowRemote: boolean): Promise<number> {
    const observer = {
      request: (_verb: unknown, _user: unknown, outcome: FaultCode | 'ok') => outcomes.push(outcome),
    }
    const shared = { observer, maxTextBytes: 1000 }
    const messaging = createMessaging({ ...createMemoryBackend(WIDE_LIMITS), ...shared, now: Date.now })
    const options = {
      ...shared,
      messaging,
      requestTimeoutMs: 5000,
      allowRemote,
      requestLimit: WIDE_REQUEST_LIMIT,
      ownPorts: new Set<number>(),
      dial: async (push: Push) => {
        pushes.push(push)
        return 'delivered' as const
      },
    }
    const protocol = createLegacyProtocol(options)
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      protocol.serve(seenFrom(socket, address), Buffer.alloc(0))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => new Promise((resolve) => server.close(resolve)))
    return (server.address() as AddressInfo).port
  }

  test.each([
    ['REGISTER\0romeo\0', 2],
    ['UNREGISTER\0romeo\0', 2],
    ['CONNECT\0romeo\x004711\0', 3],
    ['DISCONNECT\0romeo\0', 3],
    ['SEND\0romeo\0romeo\0x\0', 2],
  ])('%j is refused, whoever it names', async (request, code) => {
    const port = await portSeenFrom('192.0.2.7', false)
    expect(await exchange(port, [request])).toEqual(Buffer.of(code))
    expect(outcomes).toEqual(['not-allowed'])
  })

  test('is carried out where the server allows it', async () => {
    const port = await portSeenFrom('192.0.2.7', true)
    expect(await exchange(port, ['REGISTER\0romeo\0'])).toEqual(Buffer.of(0))
  })

  // CVE-1999-0017, FTP bounce.
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
  ])('that connects from %s is dialled there, whatever it says', async (address, dialled) => {
    const port = await portSeenFrom(address, true)
    for (const request of ['REGISTER\x00192.0.2.8\0', 'CONNECT\x00192.0.2.8\x004711\x00192.0.2.9\0']) {
      expect(await exchange(port, [request])).toEqual(Buffer.of(0))
    }
    expect(await exchange(port, ['SEND\x00192.0.2.8\x00192.0.2.8\0x\0'])).toEqual(Buffer.from('\x000\0'))
    while (pushes.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(pushes.map(({ address, port }) => [address, port])).toEqual([
      [dialled, 4711],
      [dialled, 4711],
    ])
  })

  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.1.2.3'])(
    'one from %s is of this machine',
    async (address) => {
      const port = await portSeenFrom(address, false)
      expect(await exchange(port, ['REGISTER\0romeo\0'])).toEqual(Buffer.of(0))
    },
  )
})

/** The same socket, as if the peer were elsewhere. */
function seenFrom(socket: Socket, remoteAddress: string): Socket {
  return Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress })
}
