import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Client, Incoming } from '../../src/client/client.ts'
import { CannotConnect, TimedOut } from '../../src/client/errors.ts'
import { createLegacyClient } from '../../src/client/legacy-client.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { Fault } from '../../src/domain/fault.ts'
import { encodeLegacyFrame, encodeLegacyReply, LEGACY_OPERATIONS } from '../../src/wire/legacy.ts'
import {
  DONE,
  type LegacyStandIn,
  openLegacyStandIn,
  type StandInAnswer,
} from '../support/legacy-stand-in.ts'

const received: Incoming[] = []
const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  received.length = 0
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function standIn(answer: StandInAnswer): Promise<LegacyStandIn> {
  const server = await openLegacyStandIn(answer)
  opened.push(server)
  return server
}

function clientOf(
  port: number,
  timeoutMs = 5_000,
  receive = (item: Incoming): unknown => received.push(item),
): Client {
  const client = createLegacyClient({ host: '127.0.0.1', port, timeoutMs }, async (item) => {
    await receive(item)
  })
  opened.push(client)
  return client
}

async function connected(
  answer: StandInAnswer = () => DONE,
): Promise<{ server: LegacyStandIn; client: Client }> {
  const server = await standIn(answer)
  const client = clientOf(server.port)
  await client.connect('alice')
  return { server, client }
}

const message = (id: number, text: string, sender = 'bob') =>
  encodeLegacyFrame('SEND_MESSAGE', toByteString(sender), toByteString(String(id)), toByteString(text))

describe('requests', () => {
  test('each is one connection with its fields, and done with the reply byte, without the server closing', async () => {
    const { server, client } = await connected(({ operation }) =>
      operation === 'SEND' ? encodeLegacyReply(0, 41) : DONE,
    )
    await client.register('bob')
    expect(await client.send('bob', ' as  typed, é ')).toBe(41)
    await client.unregister('bob')
    await client.disconnect('alice')
    expect(server.requests.filter(({ operation }) => operation !== 'CONNECT')).toEqual([
      { operation: 'REGISTER', fields: ['bob'] },
      { operation: 'SEND', fields: ['alice', 'bob', ' as  typed, é '] },
      { operation: 'UNREGISTER', fields: ['bob'] },
      { operation: 'DISCONNECT', fields: ['alice'] },
    ])
  })

  const refusals = [
    ['REGISTER', 1, 'user-exists'],
    ['REGISTER', 2, 'unavailable'],
    ['UNREGISTER', 1, 'no-such-user'],
    ['UNREGISTER', 2, 'unavailable'],
    ['CONNECT', 1, 'no-such-user'],
    ['CONNECT', 2, 'already-connected'],
    ['CONNECT', 3, 'unavailable'],
    ['DISCONNECT', 1, 'no-such-user'],
    ['DISCONNECT', 2, 'not-connected'],
    ['DISCONNECT', 3, 'unavailable'],
    ['SEND', 1, 'no-such-user'],
    ['SEND', 2, 'unavailable'],
  ] as const

  test('there is a fault for each reply byte that refuses', () => {
    const bytes = Object.values(LEGACY_OPERATIONS).flatMap(({ replies }) => Object.keys(replies))
    expect(refusals).toHaveLength(bytes.filter((byte) => byte !== '0').length)
  })

  test.each(refusals)('%s answered with %i is the fault %s', async (operation, byte, code) => {
    let refuse = false
    const server = await standIn(() => (refuse ? encodeLegacyReply(byte) : DONE))
    const client = clientOf(server.port)
    if (operation !== 'CONNECT') await client.connect('alice')
    refuse = true
    const requests = {
      REGISTER: () => client.register('alice'),
      UNREGISTER: () => client.unregister('alice'),
      CONNECT: () => client.connect('alice'),
      DISCONNECT: () => client.disconnect('alice'),
      SEND: () => client.send('bob', 'hi'),
    }
    const fault = await requests[operation]().then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(fault).toBeInstanceOf(Fault)
    expect(fault).toMatchObject({ code })
  })

  test('without being connected, a SEND is refused before anything is asked', async () => {
    const server = await standIn(() => DONE)
    await expect(clientOf(server.port).send('bob', 'hi')).rejects.toMatchObject({ code: 'not-connected' })
    expect(server.requests).toEqual([])
  })

  test('a NUL or a newline, which would end a field, is refused before anything is asked', async () => {
    const { server, client } = await connected()
    await expect(client.send('bob', 'a\nb')).rejects.toMatchObject({ code: 'invalid-request' })
    await expect(client.register('a\0b')).rejects.toMatchObject({ code: 'invalid-request' })
    expect(server.requests.map(({ operation }) => operation)).toEqual(['CONNECT'])
  })

  test('a server that is not there is named with its address', async () => {
    const server = await openLegacyStandIn(() => DONE)
    await server.close()
    const failure = await clientOf(server.port)
      .register('alice')
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(CannotConnect)
    expect(failure).toMatchObject({
      address: `127.0.0.1:${server.port}`,
      message: expect.stringContaining('connection refused'),
    })
  })

  test('a server that stays silent is given up when the time is over', async () => {
    const server = await standIn(() => undefined)
    const failure = await clientOf(server.port, 100)
      .register('alice')
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(TimedOut)
    expect(failure).toMatchObject({ address: `127.0.0.1:${server.port}` })
  })

  test('a server that closes without a reply, or that speaks something else, is no dms server', async () => {
    const http = createServer((socket) =>
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    const mute = createServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end(),
    )
    for (const server of [http, mute]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      await expect(clientOf(port).register('alice')).rejects.toBeInstanceOf(CannotConnect)
      server.close()
    }
  })

  test('closing the client ends a request that has no answer yet', async () => {
    const server = await standIn(() => {
      void client.close()
      return undefined
    })
    const client = clientOf(server.port)
    await expect(client.register('alice')).rejects.toBeInstanceOf(CannotConnect)
  })
})

describe('being connected', () => {
  test('the listener is open before the server is asked, on a port of at least 1024', async () => {
    let pushed: string | undefined
    const server: LegacyStandIn = await standIn(async ({ operation }) => {
      if (operation === 'CONNECT') pushed = await server.push(message(7, 'early'))
      return DONE
    })
    const client = clientOf(server.port)
    await client.connect('alice')
    expect(pushed).toBe('closed')
    expect(received).toEqual([{ kind: 'message', id: 7, sender: 'bob', text: 'early' }])
    expect(Number(server.requests[0]?.fields[1])).toBeGreaterThanOrEqual(1024)
    expect(client.user).toBe('alice')
  })

  test('messages and receipts are received in order, and each is confirmed by closing', async () => {
    const { server } = await connected()
    expect(await server.push(message(0, 'one'))).toBe('closed')
    expect(await server.push(encodeLegacyFrame('SEND_MESS_ACK', toByteString('5')))).toBe('closed')
    expect(await server.push(message(2, 'two'))).toBe('closed')
    expect(received).toEqual([
      { kind: 'message', id: 0, sender: 'bob', text: 'one' },
      { kind: 'receipt', id: 5 },
      { kind: 'message', id: 2, sender: 'bob', text: 'two' },
    ])
  })

  test('a push that comes byte by byte is the same', async () => {
    const { server } = await connected()
    expect(await server.push(...[...message(3, 'bytes: é')].map((byte) => Uint8Array.of(byte)))).toBe(
      'closed',
    )
    expect(received).toEqual([{ kind: 'message', id: 3, sender: 'bob', text: 'bytes: é' }])
  })

  test('a text that the original server has cut through a character is still received', async () => {
    const { server } = await connected()
    const cut = Buffer.concat([message(4, 'é').subarray(0, -2), Buffer.of(0)])
    expect(await server.push(cut)).toBe('closed')
    expect(received).toEqual([{ kind: 'message', id: 4, sender: 'bob', text: '\ufffd' }])
  })

  test.each([
    ['an unknown operation', Buffer.from('SEND_NOTHING\0')],
    ['an id that is no number', message(Number.NaN, 'hi')],
  ])('%s is cut off with a reset, which says that it was not delivered', async (_what, bytes) => {
    const { server } = await connected()
    expect(await server.push(bytes)).toBe('reset')
    expect(received).toEqual([])
  })

  test('a push that ends before it is whole is not received and not confirmed', async () => {
    const { server } = await connected()
    const socket = connect(Number(server.requests[0]?.fields[1]), '127.0.0.1')
    const reset = once(socket, 'error')
    socket.end('SEND_MESSAGE\0bob\0')
    await reset
    expect(received).toEqual([])
  })

  test('a message that was confirmed and comes again, with the same id and text, is confirmed and not received again', async () => {
    const { server } = await connected()
    await server.push(message(9, 'once'))
    expect(await server.push(message(9, 'once'))).toBe('closed')
    await server.push(message(9, 'another server, counting from 0 again'))
    expect(received).toHaveLength(2)
  })

  test('an item that could not be taken is not confirmed, and received when it comes again', async () => {
    let full = true
    const server = await standIn(() => DONE)
    const client = clientOf(server.port, 5_000, (item) => {
      if (full) throw new Error('the disk is full')
      received.push(item)
    })
    await client.connect('alice')
    expect(await server.push(message(0, 'hi'))).toBe('reset')
    full = false
    expect(await server.push(message(0, 'hi'))).toBe('closed')
    expect(received).toHaveLength(1)
  })

  test("another address than the server's is not listened to", async () => {
    const { server } = await connected()
    const stranger = connect({
      port: Number(server.requests[0]?.fields[1]),
      host: '127.0.0.1',
      localAddress: '127.0.0.2',
    })
    stranger.write(message(1, 'forged'))
    await once(stranger, 'error')
    expect(received).toEqual([])
  })

  test('CONNECT refused leaves nobody connected and nobody listening', async () => {
    const server = await standIn(() => encodeLegacyReply(2))
    const client = clientOf(server.port)
    await expect(client.connect('alice')).rejects.toMatchObject({ code: 'already-connected' })
    expect(client.user).toBeUndefined()
    expect(await server.push(message(0, 'hi'))).toBe('reset')
  })

  test('a second user is refused until the first has disconnected', async () => {
    const { client } = await connected()
    await expect(client.connect('carol')).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('DISCONNECT alice'),
    })
    await client.disconnect('alice')
    await client.connect('carol')
    expect(client.user).toBe('carol')
  })

  test('CONNECT as the same user again is asked, for a server that started anew has forgotten', async () => {
    const { server, client } = await connected()
    await client.connect('alice')
    expect(await server.push(message(0, 'hi'))).toBe('closed')
    expect(new Set(server.requests.map(({ fields }) => fields[1])).size).toBe(2)
  })

  test.each([0, 1, 2])('DISCONNECT answered with %i leaves nobody connected', async (byte) => {
    const { client } = await connected(({ operation }) =>
      operation === 'DISCONNECT' ? encodeLegacyReply(byte) : DONE,
    )
    await client.disconnect('alice').catch(() => {})
    expect(client.user).toBeUndefined()
  })

  test('to disconnect or unregister somebody else leaves the connected user alone', async () => {
    const { client } = await connected()
    await client.disconnect('bob')
    await client.unregister('bob')
    expect(client.user).toBe('alice')
  })
})
