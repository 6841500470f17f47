import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { SIMPLE_TYPES } from '../../src/soap/simple-types.ts'
import { exchange } from './raw-http.ts'
import {
  at,
  envelope,
  expectAlive,
  faultOf,
  openTextServer,
  post,
  postBytes,
  type Reply,
  remove,
  removeSpaces,
  resultOf,
  type TextServer,
  VERSION_NAMES,
  VERSIONS,
} from './text-server.ts'

const CALL = removeSpaces('a  b')
const MIB = 1024 * 1024

/** What an attacker sends much of. Both ways to the engine: the fast path, which hands over what is large, and node:http alone. */
describe.each([true, false])('much of everything (fast: %s)', (fast) => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer({ fast, http: { requestTimeoutMs: 400 } })
  })
  afterAll(() => server.close())
  afterEach(() => expectAlive(server))

  describe.each(VERSION_NAMES)('in SOAP %s', (version) => {
    const send = (body: string, header = '') => post(server.url, version, envelope(version, body, header))
    const expectSender = (reply: Reply) => {
      expect(faultOf(reply, version)?.code).toBe(VERSIONS[version].sender)
      expect(reply.text.length).toBeLessThan(3000)
    }

    test('thousands of blocks that are not understood, under a long namespace, are not all repeated', async () => {
      const blocks = '<x:b s:mustUnderstand="1"/>'.repeat(1400)
      for (const length of [10, 10_000]) {
        const reply = await send(CALL, `<s:Header xmlns:x="${'n'.repeat(length)}">${blocks}</s:Header>`)
        expect(faultOf(reply, version)?.code).toBe('MustUnderstand')
        expect(faultOf(reply, version)?.reason).toMatch(/: (?:b, ){16}and 1384 more$/)
        expect(reply.text.length).toBeLessThan(6000)
      }
      const large = `<s:Header xmlns:x="${'n'.repeat(100_000)}">${'<x:b s:mustUnderstand="1"/>'.repeat(9000)}</s:Header>`
      const reply = await send(CALL, large)
      expect(faultOf(reply, version)?.code).toBe('MustUnderstand')
      expect(reply.text.length).toBeLessThan(6000)
    })

    test('nine thousand blocks of as many names and namespaces are passed over', async () => {
      const blocks = Array.from({ length: 9000 }, (_, index) => `<q:n${index} xmlns:q="urn:${index}"/>`)
      expect(resultOf(await send(CALL, `<s:Header>${blocks.join('')}</s:Header>`), 'remove_spaces')).toBe(
        'a b',
      )
    })

    test('a value of an attribute of a mebibyte is ignored where attributes are, and refused elsewhere', async () => {
      const value = 'v'.repeat(MIB)
      const document = envelope(version, CALL).replace('>', ` xmlns:q="urn:q" q:a="${value}">`)
      expect(resultOf(await post(server.url, version, document), 'remove_spaces')).toBe('a b')
      expectSender(await send(CALL.replace('<t:string', `<t:string a="${value}"`)))
      expect(
        resultOf(await send(CALL.replace('<t:string', `<t:string xmlns:a="${value}"`)), 'remove_spaces'),
      ).toBe('a b')
    })

    test('numbers, references and line ends without end are read once, in one pass', async () => {
      expect(resultOf(await send(removeSpaces(`&#${'0'.repeat(MIB)}65;`)), 'remove_spaces')).toBe('A')
      expect(resultOf(await send(removeSpaces('&#x41;'.repeat(170_000))), 'remove_spaces')).toHaveLength(
        170_000,
      )
      expect(resultOf(await send(removeSpaces(`a${'\r'.repeat(MIB)}b`)), 'remove_spaces')).toBe('a b')
      expect(resultOf(await send(remove(`<string>${'\r\n'.repeat(MIB / 2)}é</string>`)), 'remove')).toBe(' é')
      expectSender(await send(removeSpaces('&'.repeat(MIB))))
      expectSender(await send(removeSpaces(`&${'a'.repeat(MIB)};`)))
    })

    test('comments and blanks without end are no text', async () => {
      expect(resultOf(await send(removeSpaces(`a${'<!---->'.repeat(140_000)}b`)), 'remove_spaces')).toBe('ab')
      expect(resultOf(await send(`${' '.repeat(MIB)}${CALL}`), 'remove_spaces')).toBe('a b')
      expectSender(
        await post(server.url, version, `<?xml version="1.0"${' '.repeat(MIB)}>${envelope(version, CALL)}`),
      )
    })
  })

  test('an answer is at most six times what was asked', async () => {
    const reply = await post(
      server.url,
      '1.1',
      envelope('1.1', remove(`<string>${'"'.repeat(MIB)}</string>`)),
    )
    expect(resultOf(reply, 'remove')).toHaveLength(MIB)
    expect(reply.text.length).toBeLessThan(6 * MIB + 1000)
  })

  test('a body that comes slowly is cut at the deadline, whole in its head or not', async () => {
    const starts = {
      'no head': 'POST / HTTP/1.1\r\nHost: a\r\nX-',
      'a length': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<',
      chunks:
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n<\r\n',
    }
    for (const [name, start] of Object.entries(starts)) {
      const socket = connect(server.port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      socket.on('error', () => undefined)
      socket.write(start)
      const trickle = setInterval(() => socket.write(name === 'chunks' ? '1\r\na\r\n' : 'a'), 50)
      await new Promise((resolve) => socket.once('close', resolve))
      clearInterval(trickle)
      expect([name, text.slice(0, 13)]).toEqual([name, 'HTTP/1.1 408 '])
    }
  })

  test('chunks without an end are cut at the limit', async () => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    socket.on('error', () => undefined)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n')
    const flood = setInterval(() => socket.writable && socket.write(`10000\r\n${' '.repeat(0x10000)}\r\n`), 1)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(flood)
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('chunks of a byte, and chunk extensions, are one body or a bad request', async () => {
    const body = envelope('1.1', CALL)
    const head =
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
    const bytes = [...body].map((character) => `1\r\n${character}\r\n`).join('')
    expect(await exchange(server.port, [`${head}${bytes}0\r\n\r\n`])).toContain('>a b<')
    const extended = `${body.length.toString(16)};x=${'y'.repeat(20_000)}\r\n${body}\r\n0\r\n\r\n`
    expect(await exchange(server.port, [head + extended])).toMatch(/^HTTP\/1\.1 (?:400|413) /)
  })

  test('gzip in gzip, lists of codings and codings that are not known are refused', async () => {
    const plain = Buffer.from(envelope('1.1', CALL))
    const once = gzipSync(plain)
    const statuses: Record<string, number> = {}
    for (const coding of [
      'gzip, gzip',
      'gzip,identity',
      'identity, gzip',
      'gzip;q=1',
      'br',
      'deflate',
      'zstd',
      '*',
      ',gzip',
    ]) {
      const reply = await postBytes(server.url, gzipSync(once), {
        'Content-Type': 'text/xml',
        'Content-Encoding': coding,
      })
      statuses[coding] = reply.status
      expect(reply.content).toBeUndefined()
    }
    expect(new Set(Object.values(statuses))).toEqual(new Set([415]))
    const headers = { 'Content-Type': 'text/xml', 'Content-Encoding': 'gzip' }
    expect(faultOf(await postBytes(server.url, gzipSync(once), headers), '1.1')?.code).toBe('Client')
    // Gzip may have several members, which are one text; what is behind them that is none is nobody's.
    const two = Buffer.concat([gzipSync(plain.subarray(0, 50)), gzipSync(plain.subarray(50))])
    expect(resultOf(await postBytes(server.url, two, headers), 'remove_spaces')).toBe('a b')
    expect((await postBytes(server.url, once.subarray(0, -4), headers)).status).toBe(400)
  })

  test('forty bombs at once are each refused, and what they have become is not held all at once', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * MIB, ' '))
    const headers = { 'Content-Type': 'text/xml', 'Content-Encoding': 'gzip' }
    const replies = await Promise.all(Array.from({ length: 40 }, () => postBytes(server.url, bomb, headers)))
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 413))
  })

  test('nothing that a caller writes into headers comes back in an answer or breaks a line of the log', async () => {
    const forged = 'forged\\n\x1b[31m\x85é'
    const body = envelope('1.1', '<nothing/>')
    const head = [
      'POST / HTTP/1.1',
      'Host: a',
      'Content-Type: text/xml',
      `Content-Length: ${body.length}`,
      'SOAPAction: "remove\u0085forged\u00a0\u00e9"',
      'X-Correlation-Id: forged-1',
      'X-Request-Id: forged-2',
      'Traceparent: 00-forged',
    ]
    const answer = await exchange(server.port, [Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1')])
    expect(answer).toMatch(/^HTTP\/1\.1 500 /)
    expect(answer).not.toContain('forged')
    const { correlationId, reason = '', operation = '' } = server.failures.at(-1) ?? {}
    expect(correlationId).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer).toContain(`<correlationId>${correlationId}</correlationId>`)
    expect(reason + operation).not.toContain('forged')
    // Control characters in a header are no HTTP at all.
    const raw = head.with(4, `SOAPAction: ${forged}`).join('\r\n')
    expect(await exchange(server.port, [Buffer.from(`${raw}\r\n\r\n${body}`, 'latin1')])).toMatch(
      /^HTTP\/1\.1 400 /,
    )
  })

  test('a fault has a new correlation id each time, which its header and the log have too', async () => {
    const ids = new Set<string | undefined>()
    for (let call = 0; call < 3; call++) {
      const reply = await post(server.url, '1.2', envelope('1.2', '<nothing/>'))
      const inside = at(reply.content, 'Body', 'Fault', 'Detail', 'problem', 'correlationId')?._
      expect(reply.headers['x-correlation-id']).toBe(inside)
      expect(server.failures.at(-1)?.correlationId).toBe(inside)
      ids.add(inside)
    }
    expect(ids.size).toBe(3)
  })

  test('headers of 16 KiB and more are refused', async () => {
    const head = `POST / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`
    expect(await exchange(server.port, [head])).toMatch(/^HTTP\/1\.1 431 /)
  })
})

test.each(['int', 'long', 'integer', 'unsignedLong', 'decimal'])(
  'an xs:%s of a million digits is none, before anything is computed with it',
  (name) => {
    const type = SIMPLE_TYPES.get(name)
    for (const text of [
      '9'.repeat(MIB),
      `${'0'.repeat(MIB)}1`,
      `-${'9'.repeat(MIB)}`,
      `${'9'.repeat(MIB)}x`,
    ]) {
      expect(type?.parse(text)).toBeUndefined()
    }
    expect(type?.parse('17')).toBeDefined()
  },
)
