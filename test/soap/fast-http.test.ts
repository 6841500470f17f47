import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type MessagingBed, openMessagingBed } from '../support/messaging-bed.ts'
import * as messaging from '../support/messaging-calls.ts'
import { areSame, changedCalls, cut, GET, normal } from './both-paths.ts'
import { exchange, request } from './raw-http.ts'
import { envelope, openTextServer, removeSpaces, type TextServer } from './text-server.ts'

const CALL = request(envelope('1.1', removeSpaces('a  b')))
const FAULT = request(envelope('1.1', removeSpaces('<x/>')))
const CALL_12 = request(envelope('1.2', removeSpaces('é  𝄞'))).replace('text/xml', 'application/soap+xml')
const CHUNKED = CALL.replace(/Content-Length: \d+\r\n\r\n(.*)/s, (_, body: string) => {
  return `Transfer-Encoding: chunked\r\n\r\n${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`
})

/** A call of ada at /messaging. */
function asAda(operation: string, fields: Readonly<Record<string, string>>): string {
  const header = messaging.usernameToken('ada', messaging.PASSWORD)
  const document = messaging.envelope(messaging.request(operation, fields), { header })
  return request(document).replace('POST /', 'POST /messaging')
}

/** The same request with its body in gzip. */
function inGzip(call: string): Buffer {
  const [head, body] = call.split('\r\n\r\n') as [string, string]
  const bytes = gzipSync(body)
  const coded = head.replace(
    /Content-Length: .*/,
    `Content-Encoding: gzip\r\nContent-Length: ${bytes.length}`,
  )
  return Buffer.concat([Buffer.from(`${coded}\r\n\r\n`), bytes])
}

const LIST = asAda('ListUsers', {})
// With an id of its own it may be said again, and is answered as the first time.
const SEND = asAda('Send', { recipient: 'bob', text: 'hi', clientMessageId: 'one' })
const NO_SUCH_USER = asAda('Send', { recipient: 'nobody', text: 'hi' })

describe('the fast path answers as node:http does', () => {
  let fast: TextServer
  let plain: TextServer
  let bed: MessagingBed
  beforeAll(async () => {
    bed = await openMessagingBed()
    await bed.add('ada', 'bob')
    const limits = { bodyBytes: 2000 }
    const others = new Map([['/messaging', bed.endpoint]])
    fast = await openTextServer({ limits, others })
    plain = await openTextServer({ limits, others, fast: false })
  })
  afterAll(async () => {
    await fast.close()
    await plain.close()
    await bed.close()
  })

  async function expectSame(pieces: readonly (string | Buffer)[], answers = 0): Promise<string> {
    const [ours, theirs] = await Promise.all(
      [fast, plain].map(({ port }) => exchange(port, pieces, answers)) as [Promise<string>, Promise<string>],
    )
    if (!areSame(normal(ours), normal(theirs))) {
      throw new Error(`${JSON.stringify(pieces.map(String))}\nfast: ${ours}\nnode: ${theirs}`)
    }
    return ours
  }

  test.each([
    ['a call', [CALL], 1],
    ['a fault', [FAULT], 1],
    ['SOAP 1.2 and text that is not ASCII', [CALL_12], 1],
    [
      'a reply in gzip',
      [request(envelope('1.1', removeSpaces('word '.repeat(380))), 'Accept-Encoding: gzip')],
      1,
    ],
    ['a wrong media type', [request('<a/>').replace('text/xml', 'text/plain')], 1],
    ['no media type', [request('<a/>').replace(/Content-Type[^\n]*\n/, '')], 1],
    ['an empty body', [request('')], 1],
    ['a query', [CALL.replace('POST /', 'POST /?a=b')], 1],
    ['a body that is too large', [request('x'.repeat(2001))], 1],
    ['another path', [CALL.replace('POST /', 'POST /nowhere')], 1],
    ['keep-alive said', [request(envelope('1.1', removeSpaces('a')), 'Connection: Keep-Alive')], 1],
    ['three in one packet', [CALL + FAULT + CALL_12], 3],
    ['many in one packet', [CALL.repeat(50)], 50],
    ['one after the other', [CALL, CALL, FAULT, CALL_12, CALL], 5],
    ['others between them', [CALL + GET + CALL, CALL], 4],
    ['a chunked one between them', [CALL + CHUNKED + CALL], 3],
    [
      'the end of one with the start of the next',
      [CALL.slice(0, 30), CALL.slice(30) + CALL.slice(0, 40), CALL.slice(40)],
      2,
    ],
    ['nothing', [], 0],
    ['half a head', [CALL.slice(0, 50)], 1],
    ['half a body', [CALL.slice(0, -20)], 1],
    ['half a body in gzip', [inGzip(CALL).subarray(0, -20)], 1],
    ['an answer and half a request', [CALL + CALL.slice(0, -20)], 2],
  ])('%s', async (_, pieces, answers) => {
    const answer = await expectSame(pieces)
    expect(answer.match(/HTTP\/1\.1 \d/g)?.length ?? 0).toBe(answers)
  })

  test.each([
    ['a list of users', [LIST], ['200']],
    ['a fault of /messaging', [NO_SUCH_USER], ['500']],
    ['a message sent three times', [SEND + SEND + SEND], ['200', '200', '200']],
    ['calls of both services in one packet', [CALL + LIST + CALL_12 + SEND], ['200', '200', '200', '200']],
    ['one service after the other', [LIST, CALL, SEND, FAULT], ['200', '200', '200', '500']],
    ['a request in gzip', [inGzip(CALL)], ['200']],
    ['a fault for a request in gzip', [inGzip(FAULT)], ['500']],
    ['/messaging in gzip', [inGzip(LIST), inGzip(SEND)], ['200', '200']],
    [
      'gzip among others in one packet',
      [Buffer.concat([Buffer.from(CALL), inGzip(CALL), inGzip(LIST), Buffer.from(SEND)])],
      ['200', '200', '200', '200'],
    ],
    [
      'a body that is not gzip',
      [CALL.replace('Content-Length', 'Content-Encoding: gzip\r\nContent-Length')],
      ['400'],
    ],
    [
      'a coding that nobody knows',
      [CALL.replace('Content-Length', 'Content-Encoding: br\r\nContent-Length')],
      ['415'],
    ],
  ])('answers that are waited for: %s', async (_, pieces, statuses) => {
    const answer = await expectSame(pieces, statuses.length)
    expect(answer.match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual(statuses)
  })

  test.each([
    ['of text', Buffer.from(CALL + CALL_12), 2],
    ['of /messaging', Buffer.from(LIST + SEND), 2],
    ['in gzip', Buffer.concat([inGzip(CALL), inGzip(SEND)]), 2],
  ])('whatever the place where the bytes of calls %s were cut in two', async (_, bytes, count) => {
    const whole = normal(await expectSame([bytes], count))
    expect(whole.match(/HTTP\/1\.1 200/g)).toHaveLength(count)
    const places = Array.from({ length: bytes.length + 1 }, (_, place) => place)
    while (places.length > 0) {
      const some = places.splice(0, 25)
      const answers = await Promise.all(some.map((place) => exchange(fast.port, cut(bytes, place), count)))
      answers.forEach((answer, index) => {
        if (normal(answer) !== whole) throw new Error(`cut at ${some[index]}: ${answer}`)
      })
    }
  })

  test('byte by byte', async () => {
    await expectSame(cut(CALL, ...Array.from({ length: CALL.length - 1 }, (_, index) => index + 1)))
  })

  test('and so it does for bytes that were changed anywhere, cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(changedCalls([CALL, CALL, FAULT, CALL_12]), async (pieces) => {
        await expectSame(pieces)
      }),
      { numRuns: 1500 },
    )
  })
})
