import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { removeSpaces, envelope as textEnvelope } from '../soap/text-server.ts'
import { describeWith } from '../support/describe-with.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { type Caller, createCaller } from './proxied-caller.ts'
import { openProxiedServer, type ProxiedServer } from './proxied-server.ts'
import { PROXIES } from './proxy-bed.ts'

const HEADERS = { 'Content-Type': 'text/xml; charset=utf-8' }
const CALL = textEnvelope('1.1', removeSpaces('smuggled'))
/** A whole request that its sender hides in another. */
const HIDDEN = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${CALL.length}\r\n\r\n${CALL}`

/**
 * What smugglers send: headers that end differently for two readers, the body, and how many requests HAProxy makes of it
 * (RFC 9112, 6.3: of both, Transfer-Encoding counts, and only it goes on; 5.2: a fold is a blank). nginx refuses them all.
 */
const SMUGGLING: readonly (readonly [
  what: string,
  headers: readonly string[],
  body: string,
  byHaproxy: number,
])[] = [
  [
    'Content-Length and Transfer-Encoding',
    [`Content-Length: ${5 + HIDDEN.length}`, 'Transfer-Encoding: chunked'],
    `0\r\n\r\n${HIDDEN}`,
    1,
  ],
  [
    'Transfer-Encoding and a shorter Content-Length',
    ['Transfer-Encoding: chunked', 'Content-Length: 5'],
    `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
    1,
  ],
  ['two Content-Lengths', ['Content-Length: 0', `Content-Length: ${HIDDEN.length}`], HIDDEN, 0],
  ['a list of Content-Lengths', [`Content-Length: 0, ${HIDDEN.length}`], HIDDEN, 0],
  ['a signed Content-Length', [`Content-Length: +${HIDDEN.length}`], HIDDEN, 0],
  [
    'a folded Transfer-Encoding',
    ['Content-Length: 5', 'Transfer-Encoding:\r\n chunked'],
    `0\r\n\r\n${HIDDEN}`,
    1,
  ],
  [
    'a Content-Length in a fold',
    [`X-Note: x\r\n Content-Length: ${HIDDEN.length}`, 'Content-Length: 0'],
    HIDDEN,
    2,
  ],
  [
    'a Transfer-Encoding with a blank before the colon',
    ['Content-Length: 5', 'Transfer-Encoding : chunked'],
    `0\r\n\r\n${HIDDEN}`,
    0,
  ],
  [
    'a Transfer-Encoding that is not quite one',
    ['Content-Length: 5', 'Transfer-Encoding: xchunked'],
    `0\r\n\r\n${HIDDEN}`,
    0,
  ],
  ['two Hosts', ['Host: b', 'Content-Length: 0'], HIDDEN, 0],
  ['a chunk longer than it says', ['Transfer-Encoding: chunked'], `1\r\nx${HIDDEN}\r\n0\r\n\r\n`, 0],
]

describeWith('nginx-light', 'libnginx-mod-stream', 'haproxy', 'openssl').each(PROXIES)(
  'smugglers behind %s reach nobody else’s answer',
  (name) => {
    let proxied: ProxiedServer
    beforeAll(async () => {
      proxied = await openProxiedServer(name, '--trust-proxy', '127.0.0.1')
    })
    afterAll(async () => {
      await proxied.close()
      await removeTempFolders()
    })

    const closers: (() => unknown)[] = []
    afterEach(() => {
      for (const close of closers.splice(0)) close()
    })
    function caller(): Caller {
      const made = createCaller({ port: proxied.proxy.port, ca: proxied.certificate.cert })
      closers.push(() => made.close())
      return made
    }
    const ask = async (one: Caller, text: string) => {
      const body = textEnvelope('1.1', removeSpaces(text))
      const { status, body: answer } = await one.fetch('/', { method: 'POST', headers: HEADERS, body })
      return [status, /Result>([^<]*)</.exec(String(answer))?.[1]]
    }
    /** How many calls the server has answered. */
    async function answered(): Promise<number> {
      const direct = await fetch(`http://127.0.0.1:${proxied.server.soapPort}/metrics`)
      const counts = (await direct.text()).matchAll(/^dms_soap_requests_total\{.*\} (\d+)$/gm)
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
    }

    test.each(SMUGGLING)('with %s', async (_what, headers, body, byHaproxy) => {
      const other = caller()
      expect(await ask(other, 'before')).toEqual([200, 'before'])
      const before = await answered()

      const socket = connectTls({
        ...{ port: proxied.proxy.port, host: '127.0.0.1', ca: proxied.certificate.cert },
        ALPNProtocols: ['http/1.1'],
      })
      closers.push(() => socket.destroy())
      socket.on('error', () => {})
      const closed = once(socket, 'close')
      let answer = ''
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1')
      })
      const statuses = () => [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
      const lines = ['POST / HTTP/1.1', 'Host: a', 'Content-Type: text/xml', ...headers]
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
      // What it reads as one request, or as two of the same caller, goes on as just that.
      const read = name === 'haproxy' ? byHaproxy : 0
      while (statuses().length < Math.max(read, 1) && !socket.closed) {
        await Promise.race([once(socket, 'data'), closed])
      }
      // Who has said no more gets no answer to what the proxy has not begun with.
      socket.end()
      await closed
      expect([(await answered()) - before, statuses().length]).toEqual([read, Math.max(read, 1)])
      if (read === 0) expect([400, 501]).toContain(statuses()[0])
      // What goes on as two requests is so for the server too, and both answers are its sender's.
      if (read < 2) expect(answer).not.toContain('smuggled')

      expect(await Promise.all([ask(other, 'mine'), ask(caller(), 'ours'), ask(caller(), 'yours')])).toEqual([
        [200, 'mine'],
        [200, 'ours'],
        [200, 'yours'],
      ])
    })
  },
)
