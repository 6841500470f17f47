import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Listener, type ListenerOptions, openListener } from '../../src/transport/listener.ts'
import type { Protocol } from '../../src/transport/protocol.ts'

/** Says which protocol it is and what it was given, and closes. */
function echo(name: string, matches: Protocol['matches']): Protocol {
  return {
    name,
    matches,
    serve: (socket, opening) => void socket.end(`${name}:${opening}`),
    stop: () => {},
  }
}

describe('the listener', () => {
  const refused: string[] = []
  const errors: unknown[] = []
  const open: Listener[] = []
  const sockets: Socket[] = []

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    for (const listener of open.splice(0)) await listener.close(0)
    refused.length = 0
    errors.length = 0
  })

  async function listen(options: Partial<ListenerOptions> = {}): Promise<Listener> {
    const listener = await openListener({
      host: '127.0.0.1',
      port: 0,
      protocols: [echo('session', (word) => word === 'SESSION'), echo('legacy', () => true)],
      maxConnections: 100,
      maxConnectionsPerAddress: 100,
      openingTimeoutMs: 5000,
      observer: {
        refused: (_address, why) => refused.push(why),
        internalError: (where, error) => errors.push([where, error]),
      },
      ...options,
    })
    open.push(listener)
    return listener
  }

  async function dial({ port }: Listener): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    sockets.push(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  /** Everything that comes until the connection ends. */
  async function said(socket: Socket): Promise<string> {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    await once(socket, 'close')
    return text
  }

  test.each([
    ['SESSION\x001\0', 'session'],
    ['SESSION\n1\n', 'session'],
    ['SESSIONS\0', 'legacy'],
    ['REGISTER\0romeo\0', 'legacy'],
    ['\0', 'legacy'],
  ])(
    'gives a connection that opens with %j to the %s protocol, with all that was read',
    async (opening, name) => {
      const socket = await dial(await listen())
      socket.write(opening)
      expect(await said(socket)).toBe(`${name}:${opening}`)
    },
  )

  test('waits for the whole first word, however it comes', async () => {
    const socket = await dial(await listen())
    for (const letter of 'SESSION\0') {
      socket.write(letter)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await said(socket)).toBe('session:SESSION\0')
  })

  test.each([
    ['a first word without an end', 'x'.repeat(100)],
    ['silence', ''],
  ])('cuts off %s', async (_what, opening) => {
    const socket = await dial(await listen({ openingTimeoutMs: 100 }))
    socket.write(opening)
    expect(await said(socket)).toBe('')
  })

  test('turns away what is beyond its limits, and takes others when one has gone', async () => {
    for (const limit of [{ maxConnections: 2 }, { maxConnectionsPerAddress: 2 }]) {
      refused.length = 0
      const listener = await listen(limit)
      const first = await dial(listener)
      await dial(listener)
      expect(await said(await dial(listener))).toBe('')
      expect(refused).toHaveLength(1)
      first.destroy()
      let answer = ''
      while (answer === '') {
        const socket = await dial(listener)
        socket.write('REGISTER\0')
        answer = await said(socket)
      }
      expect(answer).toBe('legacy:REGISTER\0')
    }
  })

  test('a port that is taken is the error of the caller, and nothing internal', async () => {
    const { port } = await listen()
    await expect(listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(errors).toEqual([])
  })

  test('closed, it cuts what stays open longer than the grace, and frees the port', async () => {
    const listener = await listen()
    const socket = await dial(listener)
    socket.write('REG')
    const ended = once(socket, 'close')
    await listener.close(50)
    await ended
    await listen({ port: listener.port })
  })
})
