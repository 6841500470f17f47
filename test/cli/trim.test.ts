import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTrimmer, type Trimmer } from '../../src/cli/trim.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'

const WSDL = readFileSync(new URL('../../wsdl/text.wsdl', import.meta.url), 'utf8')
const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

function trimmerOf(wsdl: string, timeoutMs = 5_000): Trimmer {
  const trimmer = createTrimmer({ wsdl, timeoutMs })
  opened.push(() => trimmer.close())
  return trimmer
}

/** A text service that answers POSTs as a test says; `requests` has all that came. */
async function serviceOf(post: (response: ServerResponse, request: IncomingMessage) => unknown, wsdl = WSDL) {
  const requests: string[] = []
  const server: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.socket.remotePort}`)
    const { port } = server.address() as AddressInfo
    if (request.method === 'GET') response.end(wsdl.replaceAll('localhost:8080', `127.0.0.1:${port}`))
    else request.resume().once('end', () => post(response, request))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { wsdl: `${origin}/?wsdl`, endpoint: `${origin}/`, requests }
}

function soap(body: string): string {
  return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`
}
const result = (text: string) =>
  soap(
    `<r:remove_spacesResponse xmlns:r="urn:dms:text:1"><r:remove_spacesResult>${text}</r:remove_spacesResult></r:remove_spacesResponse>`,
  )

describe('with our own text service', () => {
  let server: RestartableServer
  beforeAll(async () => {
    server = await startRestartableServer()
  })
  afterAll(() => server.close())

  test.each([
    ['runs of blanks', '  hi,   wanna hear \t a joke? ', 'hi, wanna hear a joke?'],
    ['markup', '<b>&amp;</b> "quoted" \'too\' ]]>', '<b>&amp;</b> "quoted" \'too\' ]]>'],
    ['CDATA', '<![CDATA[raw & wild]]>', '<![CDATA[raw & wild]]>'],
    ['character references', '&#x41; &#65; &lt;', '&#x41; &#65; &lt;'],
    ['other scripts and emoji', 'ñandú 漢字 עברית 👩‍👩‍👧', 'ñandú 漢字 עברית 👩‍👩‍👧'],
    ['comments and instructions', '<!-- no --> <?php no ?>', '<!-- no --> <?php no ?>'],
    ['a number', '0012', '0012'],
    ['words of JavaScript', '__proto__', '__proto__'],
    ['white space beyond ASCII', 'a\u00a0\u2003b\r\nc\u0085', 'a b c'],
    ['nothing but blanks', ' \t ', ''],
    ['nothing', '', ''],
    ['a long text', 'ab '.repeat(20_000), 'ab '.repeat(20_000).trimEnd()],
  ])('%s come back exact', async (_what, typed, trimmed) => {
    expect(await trimmerOf(server.wsdl).trim(typed)).toBe(trimmed)
  })
})

test('the WSDL is read once, and the connection is kept', async () => {
  const service = await serviceOf((response) => response.end(result('ok')))
  const trimmer = trimmerOf(service.wsdl)
  for (let time = 0; time < 3; time += 1) expect(await trimmer.trim('x')).toBe('ok')
  expect(service.requests.map((request) => request.split(' ')[0])).toEqual(['GET', 'POST', 'POST', 'POST'])
  expect(new Set(service.requests.map((request) => request.split(' ')[1])).size).toBe(1)
})

test('a connection that was cut while it was kept is opened again', async () => {
  let cut = false
  const service = await serviceOf((response, request) => {
    if (!cut) {
      cut = true
      request.socket.resetAndDestroy()
    } else response.end(result('ok'))
  })
  expect(await trimmerOf(service.wsdl).trim('x')).toBe('ok')
})

test("the answer keeps its blanks: what they are is the service's business", async () => {
  const service = await serviceOf((response) => response.end(result(' a\t b&#13;\n ')))
  expect(await trimmerOf(service.wsdl).trim('x')).toBe(' a\t b\r\n ')
})

test.each([
  [
    'SOAP 1.1',
    soap('<s:Fault><faultcode>s:Server</faultcode><faultstring>out of order</faultstring></s:Fault>'),
  ],
  [
    'SOAP 1.2',
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text xml:lang="en">out of order</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>',
  ],
])('a fault of %s is told with the address that answered it', async (_version, fault) => {
  const service = await serviceOf((response) =>
    response.writeHead(500, { 'Content-Type': 'text/xml' }).end(fault),
  )
  await expect(trimmerOf(service.wsdl).trim('x')).rejects.toMatchObject({
    name: 'Fault',
    message: expect.stringMatching(
      /answered with a fault \(out of order\): the message was not sent.*--no-trim/,
    ),
  })
})

test.each([
  ['is no XML', (response: ServerResponse) => response.end('hello')],
  [
    'is a page',
    (response: ServerResponse) => response.writeHead(502).end('<html><body>Bad gateway</body></html>'),
  ],
  ['is empty', (response: ServerResponse) => response.end()],
  [
    'is cut',
    (response: ServerResponse) => response.writeHead(200, { 'Content-Length': 100 }).end('<s:Env').destroy(),
  ],
  ['is something else in an envelope', (response: ServerResponse) => response.end(soap('<x/>'))],
])('an answer that %s is no text service, and the address is named', async (_what, post) => {
  const service = await serviceOf(post)
  await expect(trimmerOf(service.wsdl).trim('x')).rejects.toMatchObject({
    name: 'CannotConnect',
    address: service.endpoint,
    message: expect.stringMatching(/the message was not sent/),
  })
})

test('an answer that does not come is given up when the time is over', async () => {
  const service = await serviceOf(() => {})
  await expect(trimmerOf(service.wsdl, 200).trim('x')).rejects.toMatchObject({
    name: 'TimedOut',
    address: service.endpoint,
  })
})

test('a WSDL that is none, or that lacks the operation, is told with its address, in one line', async () => {
  const page = await serviceOf(() => {}, '<html><body>a page\nof two lines</body></html>')
  const other = await serviceOf(() => {}, WSDL.replaceAll('remove_spaces', 'something_else'))
  for (const { wsdl } of [page, other]) {
    const failure = await trimmerOf(wsdl)
      .trim('x')
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ message: expect.stringContaining(wsdl) })
    expect((failure as Error).message).not.toContain('\n')
  }
})

test('a WSDL that could not be read is asked for again at the next message', async () => {
  const service = await serviceOf((response) => response.end(result('ok')))
  const { port } = new URL(service.endpoint)
  const trimmer = trimmerOf(service.wsdl)
  await opened.splice(0, 1)[0]?.()
  await expect(trimmer.trim('x')).rejects.toMatchObject({ name: 'CannotConnect', address: service.wsdl })
  const again = createServer((request, response) => {
    response.end(
      request.method === 'GET' ? WSDL.replaceAll('localhost:8080', `127.0.0.1:${port}`) : result('ok'),
    )
  }).listen(Number(port), '127.0.0.1')
  await once(again, 'listening')
  opened.push(() => {
    again.closeAllConnections()
    again.close()
  })
  expect(await trimmer.trim('x')).toBe('ok')
})

test('a character that XML cannot carry is refused before anything is asked', async () => {
  const service = await serviceOf((response) => response.end(result('ok')))
  for (const text of ['a\0b', 'a\x1b[2J', '\ufffe', '\ud800']) {
    await expect(trimmerOf(service.wsdl).trim(text)).rejects.toMatchObject({ code: 'invalid-request' })
  }
  expect(service.requests).toEqual([])
})
