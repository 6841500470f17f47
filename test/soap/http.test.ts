import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import supertest from 'supertest'
import { envelope, openTextServer, post, removeSpaces, resultOf, type TextServer } from './text-server.ts'

/** What a connection brings until the other side closes it. */
async function readToEnd(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => undefined)
  // It may be paused; and `once` would reject at an error, which a connection that is cut off may well have.
  socket.resume()
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  return text
}

function head(port: number, ...lines: readonly string[]): string {
  return ['POST / HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Content-Type: text/xml', ...lines, '', ''].join(
    '\r\n',
  )
}

/** A call with a header block that contains this. */
function block(content: string): string {
  return envelope('1.1', removeSpaces('a'), `<s:Header><x:a xmlns:x="urn:x">${content}</x:a></s:Header>`)
}

const CALL = envelope('1.1', removeSpaces('a  b'))

describe('HTTP', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer({ limits: { bodyBytes: 1000, depth: 6, attributes: 4, elements: 8 } })
  })
  afterAll(() => server.close())

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const)(
    '%s on the endpoint is 405 with Allow',
    async (method) => {
      const reply = await supertest(server.url)[method.toLowerCase() as 'put']('/')
      expect(reply.status).toBe(405)
      expect(reply.headers.allow).toBe('GET, HEAD, POST')
    },
  )

  test('a POST elsewhere is 404', async () => {
    const reply = await supertest(server.url).post('/elsewhere').set('Content-Type', 'text/xml').send(CALL)
    expect(reply.status).toBe(404)
  })

  test('a POST with a query is a call', async () => {
    const reply = await supertest(server.url).post('/?a=b').set('Content-Type', 'text/xml').send(CALL)
    expect(reply.status).toBe(200)
  })

  test('a body of the largest size is read, one byte more is refused', async () => {
    const fill = (bytes: number) => CALL.replace('a  b', 'a'.repeat(bytes - CALL.length + 4))
    const largest = await post(server.url, '1.1', fill(1000))
    expect(resultOf(largest, 'remove_spaces')).toMatch(/^a+$/)
    const refused = await post(server.url, '1.1', fill(1001))
    expect(refused.status).toBe(413)
    expect(refused.type).toBe('text/plain; charset=utf-8')
    expect(refused.headers.connection).toBe('close')
  })

  test('a body that is declared too large is refused before any of it is sent', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(head(server.port, 'Content-Length: 1000000000'))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close/)
    socket.end()
    await once(socket, 'close')
  })

  test('an endless body is refused at the limit', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(head(server.port, 'Transfer-Encoding: chunked'))
    for (let sent = 0; sent < 3; sent++) socket.write(`190\r\n${' '.repeat(400)}\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /)
    socket.end()
    await once(socket, 'close')
  })

  // More than what the system keeps between two ends of one machine, and less than what the server throws away.
  const MUCH = ' '.repeat(12_000_000)
  test.each([
    ['with a length', `Content-Length: ${MUCH.length}`, MUCH],
    ['in chunks', 'Transfer-Encoding: chunked', `${MUCH.length.toString(16)}\r\n${MUCH}\r\n0\r\n\r\n`],
  ])(
    'a caller that reads only when all is sent is told that it was too much (%s)',
    async (_, framing, body) => {
      const socket = connect(server.port, '127.0.0.1')
      socket.pause()
      socket.write(head(server.port, framing))
      await new Promise<void>((resolve, reject) => {
        socket.write(body, (error) => (error ? reject(error) : resolve()))
      })
      expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 413 [\s\S]*the body has more than 1000 bytes/)
    },
  )

  test('a caller that sends on and on after a refusal is cut off', async () => {
    const strict = await openTextServer({ limits: { bodyBytes: 1000, attachmentBytes: 1000 } })
    const socket = connect(strict.port, '127.0.0.1')
    const answer = readToEnd(socket)
    socket.write(head(strict.port, 'Content-Length: 1000000000'))
    const more = () => socket.writable && socket.write(MUCH, more)
    more()
    expect(await answer).toMatch(/^(?:HTTP\/1\.1 413 |$)/)
    await strict.close()
  })

  test('Expect: 100-continue is asked to go on only where the body is not too large', async () => {
    const small = connect(server.port, '127.0.0.1')
    small.write(
      head(server.port, `Content-Length: ${CALL.length}`, 'Expect: 100-continue', 'Connection: close'),
    )
    const [first] = (await once(small, 'data')) as [Buffer]
    expect(first.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    small.write(CALL)
    expect(await readToEnd(small)).toMatch(/^HTTP\/1\.1 200 /)

    const large = connect(server.port, '127.0.0.1')
    large.write(head(server.port, 'Content-Length: 1001', 'Expect: 100-continue'))
    expect(await readToEnd(large)).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('a body in many pieces is one body', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.setNoDelay(true)
    const answer = readToEnd(socket)
    socket.write(head(server.port, `Content-Length: ${CALL.length}`, 'Connection: close'))
    for (const character of CALL) {
      if (!socket.write(character)) await once(socket, 'drain')
    }
    expect(await answer).toContain('>a b<')
  })

  test.each([
    ['deep', block('<a>'.repeat(4) + '</a>'.repeat(4)), /deeper than 6/],
    ['many attributes', block('<a b="" c="" d="" e="" f=""/>'), /more than 4 attributes/],
    [
      'many declarations',
      block('<a xmlns:b="b" xmlns:c="c" xmlns:d="d" xmlns:e="e" xmlns:f="f"/>'),
      /more than 4 attributes/,
    ],
    ['many elements', block('<a/>'.repeat(7)), /more than 8 elements/],
  ])('%s: the limit is told in a fault', async (_, document, reason) => {
    const reply = await post(server.url, '1.1', document)
    expect(reply.status).toBe(500)
    expect(reply.text).toMatch(reason)
  })

  test.each(['br', 'deflate', 'gzip, gzip', 'nonsense'])(
    'the content coding %s is refused with 415',
    async (coding) => {
      const reply = await post(server.url, '1.1', CALL, { 'Content-Encoding': coding })
      expect(reply.status).toBe(415)
      expect(reply.headers['accept-encoding']).toBe('gzip, identity')
    },
  )

  test('a caller that goes away in the middle of a body harms nobody', async () => {
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(head(server.port, 'Content-Length: 500'))
    socket.resetAndDestroy()
    expect((await post(server.url, '1.1', CALL)).status).toBe(200)
  })

  test('every refusal without a fault has a correlation id that the log has too', async () => {
    const reply = await post(server.url, '1.1', CALL, { 'Content-Type': 'text/plain' })
    expect(server.failures.at(-1)).toMatchObject({
      code: 415,
      correlationId: reply.headers['x-correlation-id'],
    })
  })
})

describe('the life of the server', () => {
  test('a request that does not arrive in time is cut', async () => {
    const server = await openTextServer({ http: { requestTimeoutMs: 100 } })
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`${head(server.port, 'Content-Length: 500')}<`)
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 408 /)
    await server.close()
  })

  test('closing answers what was asked, and closes connections that are kept alive', async () => {
    let finish: (result: { remove_spacesResult: string }) => void = () => undefined
    let asked: () => void = () => undefined
    const called = new Promise<void>((resolve) => {
      asked = resolve
    })
    const server = await openTextServer({
      portType: {
        remove_spaces: () => {
          asked()
          return new Promise((resolve) => {
            finish = resolve
          })
        },
        remove: () => ({}),
      },
    })
    const agent = new Agent({ keepAlive: true })
    const idle = get({ port: server.port, path: '/livez', agent })
    const [response] = await once(idle, 'response')
    response.resume()
    await once(response, 'end')

    const reply = post(server.url, '1.1', CALL)
    await called
    const closed = server.close()
    finish({ remove_spacesResult: 'late' })
    expect(resultOf(await reply, 'remove_spaces')).toBe('late')
    await closed
    agent.destroy()
  })

  test('a port in use is told by the error that node gives', async () => {
    const server = await openTextServer()
    await expect(openTextServer({ http: { port: server.port } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await server.close()
  })
})

test.each([
  ['of all', { maxConnections: 2, maxConnectionsPerAddress: 100 }, 'too many connections'],
  [
    'of one address',
    { maxConnections: 100, maxConnectionsPerAddress: 2 },
    'too many connections from this address',
  ],
])('connections beyond the limit %s are told so and closed; the others stay', async (_name, limits, why) => {
  const refused: string[] = []
  const observer = { refused: (address: string, words: string) => void refused.push(`${address}: ${words}`) }
  const server = await openTextServer({ http: { limits, observer } })
  const sockets = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')]
  for (const socket of sockets) await once(socket, 'connect')
  const tooMany = await fetch(`http://127.0.0.1:${server.port}/?wsdl`)
  expect([tooMany.status, tooMany.headers.get('retry-after'), await tooMany.text()]).toEqual([503, '1', why])
  expect(refused).toEqual([`127.0.0.1: ${why}`])
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false])
  // Whoever goes makes room.
  for (const socket of sockets) await once(socket.destroy(), 'close')
  for (;;) {
    const again = await fetch(`http://127.0.0.1:${server.port}/?wsdl`)
    await again.text()
    if (again.status === 200) break
  }
  await server.close()
})
