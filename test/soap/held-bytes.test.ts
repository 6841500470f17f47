import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { envelope, openTextServer, post, removeSpaces, resultOf, type TextServer } from './text-server.ts'

const HELD = 600_000
const LARGE = envelope('1.1', removeSpaces('x'.repeat(200_000)))

function head(length: number): string {
  return `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${length}\r\n\r\n`
}

/** A caller who sends so many bytes of a body that would be longer, and says no more. */
async function begin(server: TextServer, bytes: number, length = bytes + 1): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(head(length))
  await new Promise<void>((resolve) => {
    socket.write(' '.repeat(bytes), () => resolve())
  })
  return socket
}

/** `once` would reject at an error, which a cut connection may well have. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
  })
}

async function leave(socket: Socket): Promise<void> {
  const closed = closing(socket)
  socket.destroy()
  await closed
}

/** Tries until the server has seen what happened on other connections. */
async function statusOf(server: TextServer, body: string, wanted: number): Promise<Record<string, string>> {
  for (;;) {
    const { status, headers } = await post(server.url, '1.1', body)
    if (status === wanted) return { ...headers }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe.each([true, false])('bodies that are held (fast: %s)', (fast) => {
  let server: TextServer
  beforeEach(async () => {
    server = await openTextServer({ heldBytes: HELD, fast, http: { requestTimeoutMs: 30_000 } })
  })
  afterEach(() => server.close(0))

  test('beyond the limit the next is refused with 503 and told when to try again; once others have gone it is answered', async () => {
    const others = [await begin(server, 150_000), await begin(server, 150_000)]
    const refused = await statusOf(server, LARGE, 503)
    expect([refused['retry-after'], refused.connection]).toEqual(['1', 'close'])
    for (const other of others) await leave(other)
    await statusOf(server, LARGE, 200)
  })

  test('many callers with small bodies that do not arrive whole count as one with a large one', async () => {
    const others = await Promise.all(Array.from({ length: 11 }, () => begin(server, 30_000)))
    await statusOf(server, LARGE, 503)
    await Promise.all(others.map(leave))
    await statusOf(server, LARGE, 200)
  })

  test('what was answered is held no longer, on connections that are kept too', async () => {
    for (let call = 0; call < 10; call++) {
      expect((await post(server.url, '1.1', LARGE)).status).toBe(200)
    }
    const socket = connect(server.port, '127.0.0.1')
    socket.write((head(LARGE.length) + LARGE).repeat(5))
    let answers = ''
    while (answers.split('HTTP/1.1 200').length < 6 || !answers.endsWith('</soap:Envelope>')) {
      answers += String((await once(socket, 'data'))[0])
    }
    expect((await post(server.url, '1.1', LARGE)).status).toBe(200)
    await leave(socket)
  })

  test('a small call is answered when large ones have no more room', async () => {
    const others = [await begin(server, 200_000), await begin(server, 200_000)]
    await statusOf(server, LARGE, 503)
    const reply = await post(server.url, '1.1', envelope('1.1', removeSpaces(' a  b ')))
    expect(resultOf(reply, 'remove_spaces')).toBe('a b')
    for (const other of others) await leave(other)
  })
})

describe.each([true, false])('an answer that is not read (fast: %s)', (fast) => {
  test('is held while it waits, and cut at the deadline', async () => {
    const server = await openTextServer({ heldBytes: 20_000_000, fast, http: { requestTimeoutMs: 300 } })
    const body = envelope('1.1', removeSpaces('x'.repeat(fast ? 50_000 : 1_900_000)))
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    const closed = closing(socket)
    socket.pause()
    // More than the buffers of the system take between two ends of one machine.
    const request = head(body.length) + body
    for (let sent = 0; sent < 20_000_000 && socket.writable; sent += request.length) socket.write(request)
    // It is never read, so nothing else ends this.
    await closed
    expect((await post(server.url, '1.1', LARGE)).status).toBe(200)
    await server.close(0)
  })
})

test('memory is bounded by the limit, not by callers times bodies, and every caller has an answer', async () => {
  const MIB = 1024 * 1024
  const server = await openTextServer({ heldBytes: 24 * MIB, http: { requestTimeoutMs: 60_000 } })
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const look = () => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  let answered = 0
  let enough: () => void = () => undefined
  const refusals = new Promise<void>((resolve) => {
    enough = resolve
  })
  // All callers' bodies are one and the same in this process, so what grows is the server's.
  const body = Buffer.alloc(MIB - 1, ' ')
  const sockets = Array.from({ length: 150 }, () => connect(server.port, '127.0.0.1'))
  const statuses = sockets.map(
    (socket) =>
      new Promise<string>((resolve) => {
        let answer = ''
        socket.on('data', (chunk: Buffer) => {
          look()
          if (answer === '' && ++answered === 120) enough()
          answer += chunk.toString('latin1')
        })
        socket.on('error', () => undefined)
        socket.on('close', () => resolve(answer.slice(9, 12)))
        socket.write(head(MIB))
        socket.write(body, look)
      }),
  )
  // Those for whom there is no room are answered before they have sent all; the others are held until they have.
  await refusals
  look()
  for (const socket of sockets) socket.end(' ')
  // Blanks are no envelope: that is what those are told who were read whole.
  const given = new Set(await Promise.all(statuses))
  expect([...given].sort()).toEqual(['500', '503'])
  // What is held, and what was read and is not collected yet.
  expect(most).toBeLessThan(90 * MIB)
  await statusOf(server, LARGE, 200)
  await server.close(0)
})
