import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { SoapStream } from '../../../src/soap/soap-stream.ts'
import { envelope } from '../text-server.ts'
import { GET, GET_KNOWN, PARTS, post, read } from './calls.ts'
import { collect, noise, openFilesServer } from './files-server.ts'
import { include, multipart, part, put, rootPart } from './packages.ts'

describe('a caller', () => {
  test('that goes away in the middle of a file ends the stream with an error, and nobody logs an error of the server', async () => {
    let failed: (error: unknown) => void = () => undefined
    let begun: () => void = () => undefined
    const failure = new Promise<unknown>((resolve) => (failed = resolve))
    const beginning = new Promise<void>((resolve) => (begun = resolve))
    const server = await openFilesServer({
      portType: {
        async Put({ content }: { readonly content: readonly SoapStream[] }) {
          begun()
          await collect(content[0] as SoapStream).catch((error) => {
            failed(error)
            throw error
          })
          return { said: '' }
        },
      },
    })
    const sent = request(server.url, { method: 'POST', headers: PARTS })
    sent.on('error', () => undefined)
    sent.write(multipart([rootPart('1.1', put(include('cid:f'))), part('f', noise(10_000))], ''))
    await beginning
    sent.destroy()
    expect(await failure).toMatchObject({ name: 'SoapFault', message: 'the request was not sent to its end' })
    expect(server.failures.filter(({ cause }) => cause !== undefined)).toEqual([])
    await server.close()
  })

  test('that sends too slowly is cut off, and one that only takes long is not', async () => {
    const server = await openFilesServer({ requestTimeoutMs: 300 })
    const body = multipart([rootPart('1.1', put(include('cid:f'))), part('f', noise(40_000))])
    const send = (pieces: readonly Buffer[]) => {
      const sent = request(server.url, {
        method: 'POST',
        headers: { ...PARTS, 'Content-Length': body.length },
      })
      const answered = once(sent, 'response').then(
        ([response]) => read(response as IncomingMessage),
        (error: Error) => error.message,
      )
      return { sent, answered, pieces }
    }
    // As long as the limit and longer, but its bytes come.
    const long = send([])
    for (let at = 0; at < body.length; at += 4000) {
      long.sent.write(body.subarray(at, at + 4000))
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    expect((await long.answered).toString()).toContain('<said>40000 ')
    const slow = send([])
    slow.sent.write(body.subarray(0, 2000))
    expect(await slow.answered).toMatch(/socket hang up|ECONNRESET/)
    await server.close()
  })

  test('that reads nothing of a file is cut off', async () => {
    let cut: () => void = () => undefined
    const ended = new Promise<void>((resolve) => (cut = resolve))
    const server = await openFilesServer({
      requestTimeoutMs: 200,
      portType: {
        Get: () => ({
          name: '',
          content: {
            async *stream() {
              try {
                for (;;) yield Buffer.alloc(65_536)
              } finally {
                cut()
              }
            },
          },
        }),
      },
    })
    const sent = request(server.url, { method: 'POST', headers: { 'Content-Type': 'text/xml' } })
    sent.on('error', () => undefined)
    sent.end(envelope('1.1', GET))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    await ended
    response.destroy()
    expect(server.failures).toEqual([])
    await server.close()
  })

  test.each([{}, { Accept: 'application/xop+xml' }])(
    'is cut off where a file cannot be read to its end, and the log is told (%j)',
    async (headers) => {
      const server = await openFilesServer({
        portType: {
          GetKnown: () => ({
            content: [
              {
                size: 10,
                stream: async function* () {
                  yield Buffer.from('short')
                },
              },
            ],
          }),
          Get: () => ({
            name: '',
            content: {
              stream: async function* () {
                yield Buffer.alloc(100_000)
                throw new Error('the disk is gone')
              },
            },
          }),
        },
      })
      for (const document of [GET, GET_KNOWN])
        await expect(post(server, envelope('1.1', document), headers)).rejects.toThrow(/aborted|hang up/)
      expect(server.failures.map(({ reason, cause }) => [reason, (cause as Error).message])).toEqual([
        ['the answer had begun and was cut', 'the disk is gone'],
        ['the answer had begun and was cut', 'a stream of 10 bytes has not so many'],
      ])
      await server.close()
    },
  )
})
