import { request } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'
import { envelope, openTextServer, removeSpaces, type TextServer } from './text-server.ts'

/** POSTs without a library that inflates what it gets. */
function exchange(
  url: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; coding: string | null; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', headers: { 'Content-Type': 'text/xml', ...headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            coding: response.headers['content-encoding'] ?? null,
            bytes: Buffer.concat(chunks),
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

function call(text: string): Buffer {
  return Buffer.from(envelope('1.1', removeSpaces(text)))
}

describe('gzip', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer({
      limits: { bodyBytes: 100_000, inflatedBytes: 1_000_000, inflateRatio: 20 },
    })
  })
  afterAll(() => server.close())

  test.each(['gzip', 'GZIP', 'x-gzip'])('a request in %s is read', async (coding) => {
    const reply = await exchange(server.url, gzipSync(call('a  b')), { 'Content-Encoding': coding })
    expect(reply.status).toBe(200)
    expect(reply.bytes.toString()).toContain('>a b<')
  })

  const whole = gzipSync(call('a  b'))
  const wrongSum = Buffer.from(whole)
  wrongSum.writeUInt32LE(0, wrongSum.length - 8)
  test.each([
    ['is none', call('a  b')],
    ['is cut short', whole.subarray(0, -9)],
    ['has a wrong sum', wrongSum],
    ['is empty', Buffer.alloc(0)],
  ])('a body that %s is refused with 400, and the server goes on', async (_, body) => {
    const reply = await exchange(server.url, body, { 'Content-Encoding': 'gzip' })
    expect(reply.status).toBe(400)
    expect((await exchange(server.url, whole, { 'Content-Encoding': 'gzip' })).status).toBe(200)
  })

  test('a body that grows more than the ratio allows is refused with 413', async () => {
    const bomb = gzipSync(call(' '.repeat(900_000)))
    expect(bomb.length * 20).toBeLessThan(900_000)
    expect((await exchange(server.url, bomb, { 'Content-Encoding': 'gzip' })).status).toBe(413)
  })

  test('a body that grows beyond the limit is refused with 413', async () => {
    const large = gzipSync(call(' '.repeat(1_000_000)), { level: 0 })
    const roomy = await openTextServer({ limits: { bodyBytes: 2_000_000, inflatedBytes: 1_000_000 } })
    expect((await exchange(roomy.url, large, { 'Content-Encoding': 'gzip' })).status).toBe(413)
    await roomy.close()
  })

  const long = 'word '.repeat(1000).trim()
  test.each(['gzip', 'deflate, GZIP;q=0.5', 'br, gzip'])(
    'a long reply is gzip for Accept-Encoding: %s',
    async (accept) => {
      const reply = await exchange(server.url, call(long), { 'Accept-Encoding': accept })
      expect(reply.coding).toBe('gzip')
      expect(gunzipSync(reply.bytes).toString()).toContain(`>${long}<`)
    },
  )

  test.each([
    ['nothing', undefined],
    ['identity', 'identity'],
    ['a gzip that is not wanted', 'gzip;q=0'],
    ['another coding', 'br, gzipped'],
  ])('a long reply is plain for an Accept-Encoding of %s', async (_, accept) => {
    const reply = await exchange(
      server.url,
      call(long),
      accept === undefined ? {} : { 'Accept-Encoding': accept },
    )
    expect(reply.coding).toBeNull()
    expect(reply.bytes.toString()).toContain(`>${long}<`)
  })

  test('a short reply is plain', async () => {
    expect((await exchange(server.url, call('a'), { 'Accept-Encoding': 'gzip' })).coding).toBeNull()
  })
})
