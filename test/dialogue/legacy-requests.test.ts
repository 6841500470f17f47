import { once } from 'node:events'
import { connect } from 'node:net'
import { toByteString } from '../../src/domain/byte-string.ts'
import { BACKENDS } from '../support/backends.ts'
import { exchange, openPushListener, type PushListener } from '../support/legacy-wire.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

/** Requests and replies of the original protocol, byte for byte (wire-protocol 1). */
describe.each(BACKENDS)('requests of the original protocol over $name', (backend) => {
  let stage: Stage
  let listener: PushListener

  beforeAll(async () => {
    stage = await openStage(backend)
    listener = await openPushListener(() => {})
    await exchange(stage.port, ['REGISTER\0present\0'])
    await exchange(stage.port, [`CONNECT\0present\0${listener.port}\0`])
    for (const name of ['known', 'taken', 'leaving', 'coming', 'going']) {
      await exchange(stage.port, [`REGISTER\0${name}\0`])
    }
    await exchange(stage.port, [`CONNECT\0going\0${listener.port}\0`])
    await stage.backend.store.createAccount(
      'closed' as never,
      toByteString('SCRAM-SHA-256$4096:c2FsdA==$a:b'),
    )
  })

  afterAll(async () => {
    await stage.close()
    await listener.close()
    await removeTempFolders()
  })

  /** Every reply byte of the table, by what brings it about. `P` is the port of a listener. */
  const replies: readonly [request: string, reply: string][] = [
    ['REGISTER\0new\0', '\0'],
    ['REGISTER\0taken\0', '\x01'],
    ['REGISTER\0\0', '\x02'],
    [`REGISTER\0${'x'.repeat(64)}\0`, '\0'],
    [`REGISTER\0${'x'.repeat(65)}\0`, '\x02'],
    [`REGISTER\0${'x'.repeat(70_000)}\0`, '\x02'],
    ['REGISTER\0two words\0', '\x02'],
    ['REGISTER\0\xff\0', '\x02'],
    ['UNREGISTER\0leaving\0', '\0'],
    ['UNREGISTER\0nobody\0', '\x01'],
    [`UNREGISTER\0${'x'.repeat(2000)}\0`, '\x01'],
    ['UNREGISTER\0closed\0', '\x02'],
    ['CONNECT\0coming\0P\0', '\0'],
    ['CONNECT\0nobody\0P\0', '\x01'],
    ['CONNECT\0present\0P\0', '\x02'],
    ['CONNECT\0known\x0080\0', '\x03'],
    ['CONNECT\0known\x001023\0', '\x03'],
    ['CONNECT\0known\x0065536\0', '\x03'],
    ['CONNECT\0known\x00-1\0', '\x03'],
    ['CONNECT\0known\0\0', '\x03'],
    ['CONNECT\0known\x001e4\0', '\x03'],
    ['CONNECT\0known\0S\0', '\x03'],
    ['CONNECT\0closed\0P\0', '\x03'],
    ['DISCONNECT\0going\0', '\0'],
    ['DISCONNECT\0nobody\0', '\x01'],
    ['DISCONNECT\0known\0', '\x02'],
    ['DISCONNECT\0closed\0', '\x03'],
    ['SEND\0present\0known\0text\0', '\x000\0'],
    ['SEND\0present\0known\0\0', '\x001\0'],
    ['SEND\0present\0nobody\0text\0', '\x01'],
    ['SEND\0nobody\0known\0text\0', '\x01'],
    ['SEND\0known\0present\0text\0', '\x02'],
    ['SEND\0closed\0present\0text\0', '\x02'],
    [`SEND\0present\0known\0${'x'.repeat(65_537)}\0`, '\x02'],
    ['SEND\0present\0known\0\xc3\x28\0', '\x02'],
    ['NONSENSE\0x\0', ''],
    ['register\0x\0', ''],
    ['\0', ''],
    [`${'x'.repeat(100)}`, ''],
  ]

  test.each(replies)('%j is answered with %j, and the connection closed', async (request, reply) => {
    const bytes = request.replace('P', String(listener.port)).replace('\0S\0', `\0${stage.port}\0`)
    const fields = bytes.startsWith('CONNECT') ? bytes : request
    expect((await exchange(stage.port, [Buffer.from(fields, 'latin1')])).toString('latin1')).toBe(reply)
  })

  test('a newline ends a field as well', async () => {
    expect(await exchange(stage.port, ['REGISTER\nnewline\n'])).toEqual(Buffer.from([0]))
    expect(await exchange(stage.port, ['REGISTER\0newline\n'])).toEqual(Buffer.from([1]))
  })

  test('what follows a request on its connection is thrown away', async () => {
    expect(await exchange(stage.port, ['REGISTER\0first\0REGISTER\0second\0', 'more'])).toEqual(
      Buffer.from([0]),
    )
    expect(await exchange(stage.port, ['REGISTER\0second\0'])).toEqual(Buffer.from([0]))
  })

  test('a request may come in any number of packets', async () => {
    const request = [...'SEND\0present\0known\0in pieces\0']
    const answer = await exchange(stage.port, request)
    expect(answer.toString('latin1')).toMatch(/^\0\d+\0$/)
  })

  test('a client may close its sending side after the request, and still reads the reply', async () => {
    expect(await exchange(stage.port, ['REGISTER\0half\0'], 'half-closes')).toEqual(Buffer.from([0]))
  })

  test('a client that closes its sending side within the request gets no reply', async () => {
    expect(await exchange(stage.port, ['REGISTER\0hal'], 'half-closes')).toEqual(Buffer.alloc(0))
    expect(await exchange(stage.port, ['REGI'], 'half-closes')).toEqual(Buffer.alloc(0))
  })
})

describe('connections that say nothing, or never come to an end', () => {
  test('harm nobody, and are cut at the deadline', async () => {
    const stage = await openStage(BACKENDS[0] as (typeof BACKENDS)[number], { requestTimeoutMs: 200 })
    const openings = ['', 'R', 'REGISTER', 'REGISTER\0', 'REGISTER\0bo', 'SEND\0a\0b\0c']
    const sockets = openings.map((opening) => {
      const socket = connect({ host: '127.0.0.1', port: stage.port, allowHalfOpen: true })
      socket.on('error', () => {}).resume()
      socket.write(opening)
      return socket
    })
    const cut = Promise.all(sockets.map((socket) => once(socket, 'end')))
    expect(await exchange(stage.port, ['REGISTER\0romeo\0'])).toEqual(Buffer.from([0]))
    await cut
    expect(await exchange(stage.port, ['REGISTER\0romeo\0'])).toEqual(Buffer.from([1]))
    for (const socket of sockets) socket.destroy()
    await stage.close()
  })

  test('one byte now and then does not put the deadline off', async () => {
    const stage = await openStage(BACKENDS[0] as (typeof BACKENDS)[number], { requestTimeoutMs: 150 })
    const socket = connect({ host: '127.0.0.1', port: stage.port })
    socket.on('error', () => {}).resume()
    socket.write('SEND\0')
    const trickle = setInterval(() => socket.write('x'), 20)
    // A byte that crosses the close is answered by a reset, which is as good: `once` would reject.
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(trickle)
    await stage.close()
  })
})
