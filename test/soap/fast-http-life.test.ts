import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { SoapContext } from '../../src/soap/context.ts'
import { exchange, request } from './raw-http.ts'
import { envelope, openTextServer, removeSpaces } from './text-server.ts'

const CALL = request(envelope('1.1', removeSpaces('a  b')))

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** What comes until the other end closes. */
async function readToEnd(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return text
}

/** A port type whose remove_spaces waits to be told its result. */
function slowPortType() {
  const calls: { finish(text: string): void; context: SoapContext }[] = []
  let told: () => void = () => undefined
  return {
    calls,
    called: () =>
      new Promise<void>((resolve) => {
        told = resolve
      }),
    portType: {
      remove_spaces: (_: unknown, context: SoapContext) =>
        new Promise((resolve) => {
          calls.push({ context, finish: (text) => resolve({ remove_spacesResult: text }) })
          told()
        }),
      remove: () => ({}),
    },
  }
}

describe('a connection on the fast path', () => {
  test.each([true, false])('that says nothing is told so and closed (fast: %s)', async (fast) => {
    const server = await openTextServer({ fast, http: { requestTimeoutMs: 100 } })
    for (const start of ['', CALL.slice(0, 30), CALL.slice(0, -5)]) {
      const socket = await open(server.port)
      socket.write(start)
      expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n\r\n$/)
    }
    await server.close()
  })

  test.each([true, false])(
    'has one answer after the other, also when they come late (fast: %s)',
    async (fast) => {
      const { calls, called, portType } = slowPortType()
      const server = await openTextServer({ fast, portType })
      const socket = await open(server.port)
      let first = called()
      socket.write(CALL + CALL)
      await first
      const answers = readToEnd(socket)
      first = called()
      calls[0]?.finish('one')
      await first
      calls[1]?.finish('two')
      await once(socket, 'data')
      const closed = server.close()
      expect((await answers).match(/Result>(one|two)</g)).toEqual(['Result>one<', 'Result>two<'])
      await closed
    },
  )

  test.each([true, false])('tells the operation when the caller goes away (fast: %s)', async (fast) => {
    const { calls, called, portType } = slowPortType()
    const server = await openTextServer({ fast, portType })
    const socket = await open(server.port)
    const reached = called()
    socket.write(CALL)
    await reached
    const { context } = calls[0] as { readonly context: SoapContext }
    const { signal, remoteAddress, secure } = context
    expect([signal.aborted, remoteAddress, secure]).toEqual([false, '127.0.0.1', false])
    socket.destroy()
    await once(signal, 'abort')
    calls[0]?.finish('nobody')
    await server.close()
  })

  test('gives the operation the Authorization header', async () => {
    const seen: (string | undefined)[] = []
    const server = await openTextServer({
      portType: {
        remove_spaces: (_: unknown, context: SoapContext) => {
          seen.push(context.authorization)
          return { remove_spacesResult: '' }
        },
        remove: () => ({}),
      },
    })
    const body = envelope('1.1', removeSpaces(''))
    await exchange(server.port, [request(body, 'Authorization: Basic YTpi') + request(body)])
    expect(seen).toEqual(['Basic YTpi', undefined])
    await server.close()
  })

  test('that is idle is closed with the server; one with a call has its answer first', async () => {
    const { calls, called, portType } = slowPortType()
    const server = await openTextServer({ portType })
    const idle = await open(server.port)
    const reached = called()
    const busy = await open(server.port)
    busy.write(CALL)
    await reached
    const answer = readToEnd(busy)
    // Answered once, so that it is idle and not new.
    const before = called()
    idle.write(CALL)
    await before
    calls[1]?.finish('first')
    await once(idle, 'data')
    const gone = once(idle, 'close')
    const closed = server.close()
    await gone
    calls[0]?.finish('late')
    expect(await answer).toContain('>late<')
    await closed
  })

  test('whose caller does not read is not read from either, and goes on when it does', async () => {
    const server = await openTextServer()
    const call = request(envelope('1.1', removeSpaces('x'.repeat(20_000))))
    const socket = await open(server.port)
    socket.pause()
    const calls = 400
    for (let sent = 0; sent < calls; sent++) socket.write(call)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.split('</soap:Envelope>').length > calls) socket.end()
    })
    socket.resume()
    await once(socket, 'close')
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(calls)
    await server.close()
  })
})
