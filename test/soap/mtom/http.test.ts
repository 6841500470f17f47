import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { SoapStream } from '../../../src/soap/soap-stream.ts'
import { envelope } from '../text-server.ts'
import { GET, GET_KNOWN, PARTS, post, read } from './calls.ts'
import { FILES } from './files-contract.ts'
import { type FilesServer, noise, openFilesServer, sha256 } from './files-server.ts'
import { contentType, include, multipart, part, put, readMultipart, rootPart } from './packages.ts'

describe.each([true, false])('files over HTTP, with the fast path: %s', (fast) => {
  let server: FilesServer
  beforeAll(async () => {
    server = await openFilesServer({ fast })
  })
  afterAll(() => server.close())

  test('a file comes as a part and goes as one, and the connection is kept', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const content = noise(3_000_000)
    const sent = await post(
      server,
      multipart([rootPart('1.1', put(include('cid:f'))), part('f', content)]),
      PARTS,
      agent,
    )
    expect(sent.body.toString()).toContain(`3000000 ${sha256(content)}`)
    expect(sent.headers.connection).toBe('keep-alive')
    const got = await post(server, multipart([rootPart('1.1', GET_KNOWN)]), PARTS, agent)
    expect(got.headers['content-length']).toBe(String(got.body.length))
    const reply = readMultipart({ contentType: got.headers['content-type'] ?? '', body: got.body })
    expect(reply.parts[1]?.bytes.equals(content)).toBe(true)
    expect(agent.freeSockets[Object.keys(agent.freeSockets)[0] ?? '']).toHaveLength(1)
    agent.destroy()
  })

  test('one whose caller says nothing of parts goes as base64 text, one whose caller asks for them goes as a part', async () => {
    const content = noise(500_000)
    server.files.set('a', content)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const [document, framing] of [
      [GET, 'transfer-encoding'],
      [GET_KNOWN, 'content-length'],
    ] as const) {
      const inline = await post(
        server,
        envelope('1.1', document),
        { Accept: '*/*, text/xml, multipart/related' },
        agent,
      )
      expect(inline.headers['content-type']).toBe('text/xml; charset=utf-8')
      expect(inline.headers).toHaveProperty(framing)
      const text = /<content>([^<]*)<\/content>/.exec(inline.body.toString())?.[1] ?? ''
      expect(Buffer.from(text, 'base64').equals(content)).toBe(true)
      const asked = await post(
        server,
        envelope('1.1', document),
        { Accept: 'text/xml, application/xop+xml' },
        agent,
      )
      const reply = readMultipart({ contentType: asked.headers['content-type'] ?? '', body: asked.body })
      expect(reply.parts[1]?.bytes.equals(content)).toBe(true)
    }
    agent.destroy()
  })

  test('Accept with q=0 asks for no parts', async () => {
    const answer = await post(server, envelope('1.1', GET), { Accept: 'application/xop+xml;q=0, text/xml' })
    expect(answer.headers['content-type']).toBe('text/xml; charset=utf-8')
  })

  test('calls that were sent behind one whose answer is streamed are answered behind it', async () => {
    server.files.set('a', noise(400_000))
    const call = (document: string) => {
      const body = envelope('1.1', document)
      return `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    }
    const socket = connect(server.port, '127.0.0.1')
    const echo = `<t:Echo xmlns:t="${FILES}"><t:text>the last</t:text></t:Echo>`
    socket.write(call(GET) + call(GET_KNOWN) + call(echo))
    let text = ''
    for await (const chunk of socket.setEncoding('latin1')) {
      text += chunk
      if (text.includes('the last</text>')) socket.end()
    }
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
    expect(text.match(/<\/content>/g)).toHaveLength(2)
  })

  test('who asks before sending is told to go on', async () => {
    const body = multipart([rootPart('1.1', put(include('cid:f'))), part('f', noise(1000))])
    const sent = request(server.url, {
      method: 'POST',
      headers: { ...PARTS, 'Content-Length': body.length, Expect: '100-continue' },
    })
    sent.flushHeaders()
    await once(sent, 'continue')
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(200)
    response.resume()
  })

  test('a fault in the middle of what is sent reaches a caller that reads only when all is sent', async () => {
    const body = multipart([rootPart('1.1', put('x')), part('f', noise(5_000_000))])
    const socket = connect(server.port, '127.0.0.1')
    socket.write(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${contentType('1.1')}\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    socket.pause()
    await new Promise<void>((resolve) => socket.write(body, () => resolve()))
    const answer = await read(socket as unknown as IncomingMessage)
    expect(answer.toString()).toMatch(
      /^HTTP\/1\.1 500 [\s\S]*Connection: close[\s\S]*must contain an xs:base64Binary/i,
    )
  })
})

describe('memory', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')

  test('of a file that comes faster than it is taken no more than chunks is held, however long it is', async () => {
    let most = 0
    let taken = 0
    let chunks = 0
    let sent = 0
    const server = await openFilesServer({
      limits: { attachmentBytes: 64_000_000 },
      portType: {
        async Put({ content }: { readonly content: readonly SoapStream[] }) {
          for await (const chunk of content[0]?.stream() ?? []) {
            taken += chunk.byteLength
            // What was sent and not taken is in sockets, or held here; what was taken is not counted.
            if (chunks++ % 20 === 0) {
              collectGarbage()
              most = Math.max(most, process.memoryUsage().arrayBuffers)
            }
            await new Promise((resolve) => setImmediate(resolve))
          }
          return { said: String(taken) }
        },
      },
    })
    const before = process.memoryUsage().arrayBuffers
    const chunk = noise(64 * 1024)
    const count = 600
    const whole = multipart([rootPart('1.1', put(include('cid:f'))), part('f', '')], '')
    const outgoing = request(server.url, { method: 'POST', headers: PARTS })
    outgoing.write(whole)
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    for (; sent < count; sent++) if (!outgoing.write(chunk)) await once(outgoing, 'drain')
    outgoing.end('\r\n--MIMEBoundary_x--\r\n')
    const [response] = await answered
    expect((await read(response)).toString()).toContain(`<said>${count * chunk.length}</said>`)
    expect(most - before).toBeLessThan(20_000_000)
    await server.close()
  }, 60_000)

  test('of a file that is read slowly no more is taken from its source than the caller reads', async () => {
    let given = 0
    let ended = false
    const server = await openFilesServer({
      portType: {
        Get: ({ name }: { readonly name: string }) => ({
          name,
          content: {
            async *stream() {
              try {
                for (;;) {
                  given += 65_536
                  yield Buffer.alloc(65_536)
                }
              } finally {
                ended = true
              }
            },
          },
        }),
      },
    })
    for (const headers of [{}, { Accept: 'application/xop+xml' }]) {
      given = 0
      ended = false
      const sent = request(server.url, {
        method: 'POST',
        headers: { 'Content-Type': 'text/xml', ...headers },
      })
      sent.end(envelope('1.1', GET))
      sent.on('error', () => undefined)
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      // It has given what fits into sockets, and then waits.
      for (let before = -1; before !== given; ) {
        before = given
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      expect(given).toBeLessThan(20_000_000)
      // The caller goes away: the source is ended.
      response.destroy()
      while (!ended) await new Promise((resolve) => setImmediate(resolve))
    }
    await server.close()
  }, 60_000)

  test('for envelopes is counted with that for other requests', async () => {
    const server = await openFilesServer({ heldBytes: 1000 })
    const answer = await post(
      server,
      multipart([rootPart('1.1', put().replace('>a<', `>${'a'.repeat(2000)}<`))]),
      PARTS,
    )
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
    await server.close()
  })
})
