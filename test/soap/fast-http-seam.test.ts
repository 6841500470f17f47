import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { SoapEndpoint } from '../../src/soap/endpoint.ts'
import { createFastHttp } from '../../src/soap/fast-http.ts'
import { HeldBytes } from '../../src/soap/held-bytes.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import { exchange, request } from './raw-http.ts'

const GET = 'GET /livez HTTP/1.1\r\nHost: a.example\r\n\r\n'

/** The fast path alone, with a server behind it that only keeps what it gets. */
async function openAlone() {
  let calls = 0
  const endpoint: SoapEndpoint = {
    limits: DEFAULT_SOAP_LIMITS,
    handle() {
      calls++
      return { status: 200, headers: {}, body: 'answer' }
    },
    handleParts: async () => ({ status: 500, headers: {}, body: '' }),
    refuse: () => ({ status: 500, headers: {}, body: '' }),
  }
  const handed: { bytes: string; done: Promise<unknown> }[] = []
  const fast = createFastHttp({
    held: new HeldBytes(Number.POSITIVE_INFINITY),
    endpoints: new Map([['/', endpoint]]),
    requestTimeoutMs: 10_000,
    handOver(socket: Socket) {
      const taken = { bytes: '', done: once(socket, 'end') }
      handed.push(taken)
      socket.on('data', (chunk: Buffer) => {
        taken.bytes += chunk.toString('latin1')
      })
      socket.on('end', () => socket.end())
    },
  })
  const server = createServer({ allowHalfOpen: true }, (socket) => fast.accept(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    handed,
    calls: () => calls,
    async close() {
      fast.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const BODY = 'x=1'
/** A head with these lines, and what may be a body behind it. */
function doubtful(...lines: readonly string[]): string {
  return `POST / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${BODY}`
}

const SMUGGLING: readonly (readonly [string, string])[] = [
  [
    'Content-Length and Transfer-Encoding',
    doubtful('Host: a', 'Content-Length: 3', 'Transfer-Encoding: chunked'),
  ],
  [
    'Transfer-Encoding and Content-Length',
    doubtful('Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 3'),
  ],
  ['Transfer-Encoding alone', doubtful('Host: a', 'Transfer-Encoding: chunked')],
  [
    'a Transfer-Encoding that is not quite one',
    doubtful('Host: a', 'Content-Length: 3', 'Transfer-Encoding: xchunked'),
  ],
  [
    'a Transfer-Encoding with a blank before the colon',
    doubtful('Host: a', 'Content-Length: 3', 'Transfer-Encoding : chunked'),
  ],
  [
    'a Transfer-Encoding after a tab',
    doubtful('Host: a', 'Content-Length: 3', 'Transfer-Encoding:\tchunked'),
  ],
  [
    'a Transfer-Encoding with a vertical tab',
    doubtful('Host: a', 'Content-Length: 3', 'Transfer-Encoding:\x0bchunked'),
  ],
  ['a folded Transfer-Encoding', doubtful('Host: a', 'Content-Length: 3', 'Transfer-Encoding:', ' chunked')],
  [
    'a Transfer-Encoding behind a bare line feed',
    doubtful('Host: a', 'Content-Length: 3', 'X: y\nTransfer-Encoding: chunked'),
  ],
  [
    'a Transfer-Encoding behind a bare carriage return',
    doubtful('Host: a', 'Content-Length: 3', 'X: y\rTransfer-Encoding: chunked'),
  ],
  ['two Content-Lengths', doubtful('Host: a', 'Content-Length: 3', 'Content-Length: 4')],
  ['the same Content-Length twice', doubtful('Host: a', 'Content-Length: 3', 'Content-Length: 3')],
  ['two Content-Lengths in other letters', doubtful('Host: a', 'Content-Length: 3', 'CONTENT-LENGTH: 4')],
  ['a list of Content-Lengths', doubtful('Host: a', 'Content-Length: 3, 3')],
  ['a Content-Length with a plus sign', doubtful('Host: a', 'Content-Length: +3')],
  ['a negative Content-Length', doubtful('Host: a', 'Content-Length: -3')],
  ['a Content-Length with a zero before it', doubtful('Host: a', 'Content-Length: 03')],
  ['a hexadecimal Content-Length', doubtful('Host: a', 'Content-Length: 0x3')],
  ['a Content-Length with a blank in it', doubtful('Host: a', 'Content-Length: 3 3')],
  ['a Content-Length with a blank behind it', doubtful('Host: a', 'Content-Length: 3 ')],
  ['a Content-Length with two blanks before it', doubtful('Host: a', 'Content-Length:  3')],
  ['a Content-Length that is no number', doubtful('Host: a', 'Content-Length: three')],
  ['an empty Content-Length', doubtful('Host: a', 'Content-Length:')],
  ['a Content-Length beyond numbers', doubtful('Host: a', 'Content-Length: 99999999999999999999')],
  ['a Content-Length in other digits', doubtful('Host: a', 'Content-Length: \u0663')],
  ['a Content-Length with a blank before the colon', doubtful('Host: a', 'Content-Length : 3')],
  ['a blank before a name', doubtful('Host: a', ' Content-Length: 3')],
  ['an underscore for a hyphen', doubtful('Host: a', 'Content_Length: 4', 'Content-Length: 3')],
  ['no Content-Length', doubtful('Host: a')],
  ['no Host', doubtful('Content-Length: 3')],
  ['two Hosts', doubtful('Host: a', 'Host: b', 'Content-Length: 3')],
  ['a folded header', doubtful('Host: a', 'X: y', ' z', 'Content-Length: 3')],
  ['a NUL in a header', doubtful('Host: a', 'X: \0', 'Content-Length: 3')],
  ['a NUL in a name', doubtful('Host: a', 'X\0: y', 'Content-Length: 3')],
  ['a header without a colon', doubtful('Host: a', 'X', 'Content-Length: 3')],
  ['a header without a name', doubtful('Host: a', ': y', 'Content-Length: 3')],
  ['bytes that are not ASCII', doubtful('Host: a', 'X: é', 'Content-Length: 3')],
  ['line feeds for line ends', doubtful('Host: a', 'Content-Length: 3').replaceAll('\r\n', '\n')],
  ['a line feed for the last line end', doubtful('Host: a', 'Content-Length: 3').replace('\r\n\r\n', '\n\n')],
  ['a carriage return too many', doubtful('Host: a\r', 'Content-Length: 3')],
  ['an empty line before it', `\r\n${doubtful('Host: a', 'Content-Length: 3')}`],
  ['Expect', doubtful('Host: a', 'Content-Length: 3', 'Expect: 100-continue')],
  ['Upgrade', doubtful('Host: a', 'Content-Length: 3', 'Connection: Upgrade', 'Upgrade: h2c')],
  ['Upgrade alone', doubtful('Host: a', 'Content-Length: 3', 'Upgrade: websocket')],
  ['Connection: close', doubtful('Host: a', 'Content-Length: 3', 'Connection: close')],
  [
    'a Connection that names headers',
    doubtful('Host: a', 'Content-Length: 3', 'Connection: keep-alive, Content-Length'),
  ],
  ['Trailer', doubtful('Host: a', 'Content-Length: 3', 'Trailer: X')],
  ['TE', doubtful('Host: a', 'Content-Length: 3', 'TE: trailers')],
  ['HTTP/1.0', doubtful('Host: a', 'Content-Length: 3').replace('1.1', '1.0')],
  ['HTTP/0.9', 'POST /\r\n\r\n'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an absolute address', doubtful('Host: a', 'Content-Length: 3').replace(' / ', ' http://b/ ')],
  ['an address with a host', doubtful('Host: a', 'Content-Length: 3').replace(' / ', ' //b/ ')],
  ['a star', doubtful('Host: a', 'Content-Length: 3').replace(' / ', ' * ')],
  ['a fragment', doubtful('Host: a', 'Content-Length: 3').replace(' / ', ' /#a ')],
  ['two blanks in the request line', doubtful('Host: a', 'Content-Length: 3').replace('POST ', 'POST  ')],
  ['a tab in the request line', doubtful('Host: a', 'Content-Length: 3').replace('POST ', 'POST\t')],
  [
    'a blank behind the request line',
    doubtful('Host: a', 'Content-Length: 3').replace('HTTP/1.1', 'HTTP/1.1 '),
  ],
  ['a method in small letters', doubtful('Host: a', 'Content-Length: 3').replace('POST', 'post')],
  ['another method', doubtful('Host: a', 'Content-Length: 3').replace('POST', 'GET')],
  ['a method that begins like ours', doubtful('Host: a', 'Content-Length: 3').replace('POST', 'POSTS')],
  [
    'more headers than anybody sends',
    doubtful('Host: a', 'Content-Length: 3', ...Array.from({ length: 100 }, (_, index) => `X-${index}: y`)),
  ],
  ['a head that is too long', doubtful('Host: a', 'Content-Length: 3', `X: ${'y'.repeat(9000)}`)],
  ['a head without an end', `POST / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(9000)}`],
  ['a body that is too long', doubtful('Host: a', 'Content-Length: 100000')],
  ['a client that takes us for TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['nothing that is HTTP', 'hello\r\n'],
]

describe('what is not plain beyond doubt is handed over whole', () => {
  test.each(SMUGGLING)('%s', async (_, bytes) => {
    const alone = await openAlone()
    const before = request('')
    const written = Buffer.from(bytes, 'utf8').toString('latin1')
    // By itself, behind a request that was answered, and in the same packet with it.
    for (const pieces of [[bytes], [before, bytes], [before + bytes]]) {
      const answered = alone.calls()
      const answer = await exchange(alone.port, pieces)
      const taken = alone.handed.at(-1)
      await taken?.done
      expect(taken?.bytes).toBe(written)
      const expected = pieces.length === 1 && pieces[0] === bytes ? 0 : 1
      expect(alone.calls() - answered).toBe(expected)
      expect(answer.match(/HTTP\/1\.1 200/g)?.length ?? 0).toBe(expected)
    }
    expect(alone.handed).toHaveLength(3)
    await alone.close()
  })

  test('a connection that was handed over never comes back', async () => {
    const alone = await openAlone()
    const plain = request('')
    await exchange(alone.port, [GET, plain, plain])
    await alone.handed[0]?.done
    expect(alone.handed[0]?.bytes).toBe(GET + plain + plain)
    expect(alone.calls()).toBe(0)
    await alone.close()
  })
})
