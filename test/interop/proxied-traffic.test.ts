import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as requestTls } from 'node:https'
import { parsePlainHead } from '../../src/soap/plain-head.ts'
import { rootOf, sendAttachment } from '../soap/messaging/attachments-bed.ts'
import { contentType, include, multipart, part, readMultipart } from '../soap/mtom/packages.ts'
import { removeSpaces, envelope as textEnvelope } from '../soap/text-server.ts'
import { describeWith } from '../support/describe-with.ts'
import { fileBytes } from '../support/files.ts'
import { type Answer, readAnswer, request } from '../support/messaging-calls.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { type Caller, createCaller } from './proxied-caller.ts'
import { ADA, BOB, openProxiedServer, type ProxiedServer } from './proxied-server.ts'
import { PROXIES } from './proxy-bed.ts'

const MAX = 12_000_000
const HEADERS = { 'Content-Type': 'text/xml; charset=utf-8' }

test('docs/operations.md lets proxies wait for longer than the longest Receive', () => {
  const operations = readFileSync('docs/operations.md', 'utf8')
  const times = [
    ...operations.matchAll(/^ +(?:proxy_read_timeout|proxy_timeout|timeout (?:client|server)) +(\d+)s/gm),
  ]
  expect(times.map(([, seconds]) => Number(seconds) > 60)).toEqual(Array.from({ length: 6 }, () => true))
})

describeWith('nginx-light', 'libnginx-mod-stream', 'haproxy', 'openssl').each(PROXIES)(
  'through %s as docs/operations.md has it',
  (name) => {
    let proxied: ProxiedServer
    beforeAll(async () => {
      const flags = ['--trust-proxy', '127.0.0.1', '--max-attachment-bytes', String(MAX)]
      proxied = await openProxiedServer(name, ...flags)
    })
    afterAll(async () => {
      await proxied.close()
      await removeTempFolders()
    })

    const closers: (() => unknown)[] = []
    afterEach(async () => {
      for (const close of closers.splice(0)) await close()
    })
    function caller(): Caller {
      const made = createCaller({ port: proxied.proxy.port, ca: proxied.certificate.cert })
      closers.push(() => made.close())
      return made
    }
    const entriesOf = ({ xml }: Answer) => [...xml.matchAll(/<seq>(\d+)<\/seq>/g)].map(([, seq = '']) => seq)

    test('a Receive waits until somebody sends', async () => {
      const [ada, bob] = [caller(), caller()]
      const received = bob.call(request('Receive', { maxMessages: 5, waitSeconds: 60 }), { header: BOB })
      const present = async () =>
        (await ada.call(request('ListUsers', { prefix: 'bob' }), { header: ADA })).xml.includes('true')
      while (!(await present()));
      await ada.call(request('Send', { recipient: 'bob', text: 'at last' }), { header: ADA })
      const answer = await received
      expect(answer.xml).toContain('<text>at last</text>')
      const [seq = 'none'] = entriesOf(answer)
      const taken = await bob.call(request('Acknowledge', { seq }), { header: BOB })
      expect(taken.fault).toBeUndefined()
    })

    describe('files', () => {
      /** Sends a file by MTOM; what is there after the first half goes on when `half` is done. */
      async function send(bytes: Buffer, half: (sent: number) => Promise<void> = async () => {}) {
        const operation = sendAttachment({ recipient: 'bob', bytes }, include('cid:f'))
        const body = multipart([rootOf('ada', '1.1', operation), part('f', bytes)])
        const sent = requestTls({
          ...{ host: '127.0.0.1', port: proxied.proxy.port, path: '/messaging', method: 'POST' },
          ca: proxied.certificate.cert,
          headers: { 'Content-Type': contentType('1.1'), 'Content-Length': body.length },
        })
        const answered = once(sent, 'response')
        answered.catch(() => {}) // awaited below
        const middle = body.length >> 1
        sent.write(body.subarray(0, middle))
        await half(middle)
        sent.end(body.subarray(middle))
        const [response] = await answered
        return readAnswer(response.statusCode, String(Buffer.concat(await response.toArray())))
      }

      test('of many megabytes go to the server as they come, and come back byte for byte', async () => {
        const bytes = fileBytes(9_000_003)
        const before = proxied.tap.received()
        // All that the proxy has had but what is under way in between: not a file that it keeps until it has come whole.
        const streamed = (sent: number) => proxied.tap.reached(before + sent - 1_000_000)
        expect((await send(bytes, streamed)).fault).toBeUndefined()

        const bob = caller()
        const received = await bob.call(request('Receive', { maxMessages: 5, waitSeconds: 1 }), {
          header: BOB,
        })
        const [seq = 'none'] = entriesOf(received)
        const { status, headers, body } = await bob.fetch('/messaging', {
          method: 'POST',
          headers: { 'Content-Type': contentType('1.1') },
          body: multipart([rootOf('bob', '1.1', request('GetAttachment', { seq }))]),
        })
        expect(status).toBe(200)
        const { parts } = readMultipart({ contentType: String(headers['content-type']), body })
        expect(parts[1]?.bytes.equals(bytes)).toBe(true)
      })

      test('that are too large are refused by the server, which says so', async () => {
        expect((await send(fileBytes(MAX + 1))).fault).toMatchObject({
          name: 'AttachmentTooLarge',
          detail: { maxAttachmentBytes: String(MAX) },
        })
      })
    })

    test('callers at the same time each get their own answer, on few connections that are kept, past node:http', async () => {
      const seen = proxied.tap.connections.length
      const words = (who: number, turn: number) => `caller ${who} turn ${turn}`
      const ask = async (one: Caller, who: number): Promise<readonly string[]> => {
        const answers: string[] = []
        for (let turn = 0; turn < 40; turn++) {
          const body = textEnvelope('1.1', removeSpaces(words(who, turn).replaceAll(' ', '   ')))
          const { body: answer } = await one.fetch('/', { method: 'POST', headers: HEADERS, body })
          answers.push(/Result>([^<]*)</.exec(String(answer))?.[1] ?? String(answer))
        }
        return answers
      }
      const all = await Promise.all(Array.from({ length: 16 }, (_, who) => ask(caller(), who)))
      expect(all).toEqual(
        Array.from({ length: 16 }, (_, who) => Array.from({ length: 40 }, (_, turn) => words(who, turn))),
      )
      const connections = proxied.tap.connections.slice(seen)
      expect(connections.length).toBeLessThan(100)
      for (const { bytes } of connections) {
        const [head = ''] = bytes.split('\r\n\r\n')
        expect([head, parsePlainHead(head)?.forwarding]).toEqual([
          head,
          { addresses: '127.0.0.1', schemes: 'https' },
        ])
      }
    })
  },
)
