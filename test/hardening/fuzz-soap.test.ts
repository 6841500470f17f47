import { Agent, request as open } from 'node:http'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { envelope, removeSpaces } from '../soap/text-server.ts'
import { request, usernameToken } from '../support/messaging-calls.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

/** `npm run soak:fuzz` for a long one. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 400)

const send = request('Send', { recipient: 'ann', text: 'hi', clientMessageId: 'r' })
const header = `<s:Header>${usernameToken('ann', 'pass word')}</s:Header>`
/** What is good before it is spoilt, and where it goes. */
const GOOD = [
  ['/', envelope('1.1', removeSpaces('a  b'))],
  ['/', envelope('1.2', removeSpaces('a  b'))],
  ['/messaging', envelope('1.1', request('Register', { userName: 'ann', password: 'pass word' }))],
  ['/messaging', envelope('1.1', send, header)],
  ['/messaging', envelope('1.2', send, header)],
] as const

const PIECES = [
  ...['<', '>', '/', '"', "'", '&', ';', '=', ':', ' ', '\n', '\0', '\r', ']]>', '<!--', '-->', '<?', '?>'],
  ...['<![CDATA[', '<!DOCTYPE a [<!ENTITY e "&e;">]>', '&e;', '&#0;', '&#x110000;', '&#128512;', '&amp;'],
  ...[
    'xmlns=""',
    ' xmlns:s="x"',
    ' xsi:nil="1"',
    ' s:mustUnderstand="1"',
    ' id="a"',
    ' href="cid:a"',
    '<s:Header/>',
  ],
  ...[
    '<s:Body/>',
    '</s:Body>',
    '</s:Envelope>',
    '<t:string>',
    '</t:string>',
    '<?xml version="1.1"?>',
    '__proto__',
  ],
  ...['<?xml version="1.0" encoding="UTF-16"?>', '\ufeff', '\u2028', '😀', '9'.repeat(400), '<a>'.repeat(40)],
].map((text) => Buffer.from(text))

const piece = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...PIECES) },
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
)

/** At a place: so many bytes out, and a piece in. */
const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), out: fc.nat({ max: 40 }), piece })

const TYPES = [
  'text/xml; charset=utf-8',
  'application/soap+xml; charset=utf-8',
  'text/xml',
  'text/xml; charset=utf-16',
  'multipart/related; type="text/xml"; boundary=x',
  'text/plain',
]

const call = fc.record({
  good: fc.constantFrom(...GOOD),
  changes: fc.array(change, { maxLength: 4 }),
  type: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...TYPES.slice(0, 2)) }, fc.constantFrom(...TYPES)),
  coding: fc.oneof({ weight: 6, arbitrary: fc.constant('') }, fc.constantFrom('gzip', 'no gzip')),
  action: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.constantFrom('""', '"x"', 'x')),
})

type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

/** What a call may come to: a result, a fault of its sender's, or a refusal by status. */
const STATUSES: ReadonlySet<number> = new Set([200, 400, 413, 415, 500])

/** Reliability R8: spoilt XML at the SOAP port of a server that is a process of its own. */
describe('SOAP that is nearly good', () => {
  let server: ServerProcess
  const agent = new Agent({ keepAlive: true })

  beforeAll(async () => {
    const flags = ['--log-level', 'error', '--login-failures-per-address', '1000000,1000000']
    server = await startServerProcess({
      folder: await makeTempFolder(),
      flags: [...flags, '--login-failures-per-user', '1000000,1000000'],
    })
  })
  afterAll(async () => {
    agent.destroy()
    await server.kill()
    await removeTempFolders()
  })

  test('is answered, whatever is wrong with it, with a fault or a status that says so, and the next call as ever', async () => {
    await fc.assert(
      fc.asyncProperty(call, async (made) => {
        const { status, type, body } = await post(made)
        expect(STATUSES).toContain(status)
        expect(body).not.toMatch(/^ {4}at |node:|\/src\/|\/dist\//m)
        if (type.includes('xml') && status !== 200) {
          const [, reason] = /<(?:faultstring|\w+:Text)\b[^>]*>([^<]+)</.exec(body) ?? []
          expect([body, reason]).toEqual([body, expect.any(String)])
          // Nobody's fault but the sender's.
          expect(body).not.toMatch(/:(?:Server|Receiver)</)
        }
        if (status !== 200) expect(body).not.toBe('')
      }),
      { numRuns: RUNS },
    )
    const [first] = GOOD
    const good = { good: first, changes: [], type: 'text/xml', coding: '' as const, action: undefined }
    expect((await post(good)).body).toContain('>a b<')
    expect(server.log.filter(({ event }) => event !== 'started')).toEqual([])
  }, 600_000)

  function post({ good: [path, xml], changes, type, coding, action }: Call) {
    let body = Buffer.from(xml)
    for (const { at, out, piece } of changes) {
      const place = Math.floor(at * body.length)
      body = Buffer.concat([body.subarray(0, place), piece, body.subarray(place + out)])
    }
    if (coding === 'gzip') body = gzipSync(body)
    const headers = {
      'Content-Type': type,
      'Content-Length': body.length,
      ...(coding === '' ? {} : { 'Content-Encoding': 'gzip' }),
      ...(action === undefined ? {} : { SOAPAction: action }),
    }
    return new Promise<{ status: number; type: string; body: string }>((resolve, reject) => {
      const sent = open({ port: server.soapPort, host: '127.0.0.1', path, method: 'POST', headers, agent })
      sent.setTimeout(20_000, () => sent.destroy(new Error('no answer')))
      sent.on('error', reject)
      sent.on('response', async (response) => {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: text,
        })
      })
      sent.end(body)
    })
  }
})
