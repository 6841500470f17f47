import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { exchange } from './raw-http.ts'
import {
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
  TEXT,
  type TextServer,
  VERSION_NAMES,
  VERSIONS,
  type Version,
} from './text-server.ts'

const CALL = removeSpaces('a  b')

function expectSender(reply: Reply, version: Version): void {
  expect([reply.status, faultOf(reply, version)?.code]).toEqual([
    VERSIONS[version].senderStatus,
    VERSIONS[version].sender,
  ])
}

describe('an attacker', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer({ http: { requestTimeoutMs: 400 } })
  })
  afterAll(() => server.close())
  afterEach(() => expectAlive(server))

  const doctypes = {
    'an external entity': '<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    'an external DTD': '<!DOCTYPE e SYSTEM "http://127.0.0.1:1/evil.dtd">',
    'a parameter entity': '<!DOCTYPE e [<!ENTITY % x SYSTEM "http://127.0.0.1:1/"> %x;]>',
    'entities that expand':
      '<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
    'one long entity many times': `<!DOCTYPE e [<!ENTITY a "${'a'.repeat(50_000)}">]>`,
  }
  describe.each(VERSION_NAMES)('in SOAP %s', (version) => {
    const send = (body: string, header = '') => post(server.url, version, envelope(version, body, header))

    test.each(Object.entries(doctypes))(
      'who declares %s is refused, and nothing is read',
      async (_, doctype) => {
        const reply = await post(server.url, version, doctype + envelope(version, removeSpaces('&x;&c;&a;')))
        expectSender(reply, version)
        expect(reply.text).not.toMatch(/root:|aaaa/)
      },
    )

    test.each([
      ['an entity that nobody declared', removeSpaces('&x;')],
      ['a reference to NUL', removeSpaces('&#0;')],
      ['a reference to half a surrogate pair', removeSpaces('&#xD800;')],
      ['a reference beyond Unicode', removeSpaces('&#x110000;')],
      ['a reference beyond numbers', removeSpaces(`&#${'9'.repeat(1000)};`)],
      ['NUL', removeSpaces('a\0b')],
      ['a processing instruction', `<?xml-stylesheet href="http://127.0.0.1:1/"?>${CALL}`],
      ['a thousand levels', '<a>'.repeat(1000)],
      [
        'a thousand attributes',
        `<a ${Array.from({ length: 1000 }, (__, index) => `a${index}=""`).join(' ')}/>`,
      ],
      [
        'a thousand namespaces',
        `<a ${Array.from({ length: 1000 }, (__, index) => `xmlns:a${index}="u"`).join(' ')}/>`,
      ],
      ['twenty thousand elements', '<a/>'.repeat(20_000)],
      ['a name of half a megabyte', `<${'n'.repeat(500_000)}/>`],
      ['a namespace of half a megabyte', `<a xmlns="${'n'.repeat(500_000)}"/>`],
      [
        'an attribute of half a megabyte',
        removeSpaces('').replace('<t:string', `<t:string a="${'n'.repeat(500_000)}"`),
      ],
      ['a name with two colons', '<a:b:c xmlns:a="urn:a"/>'],
      ['__proto__ as an element', `<__proto__ xmlns="${TEXT}"/>`],
      ['__proto__ as a child', removeSpaces('').replaceAll('t:string', 't:__proto__')],
      [
        '__proto__ as an attribute',
        removeSpaces('').replace('<t:string', '<t:string __proto__="a" id="__proto__"'),
      ],
      ['__proto__ as a prefix', removeSpaces('').replaceAll('t:', '__proto__:').replace('__proto__:', 'x:')],
      ['constructor as an operation', `<t:constructor xmlns:t="${TEXT}"/>`],
      [
        'another type',
        removeSpaces('1').replace(
          '<t:string',
          '<t:string xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema" xsi:type="xs:int"',
        ),
      ],
      [
        'an array for a string',
        removeSpaces('').replace(
          '<t:string',
          '<t:string xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" xsi:type="c:Array"',
        ),
      ],
      [
        'nil where there is none',
        removeSpaces('').replace(
          '<t:string',
          '<t:string xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="1"',
        ),
      ],
      ['a nil with content', remove('<string xsi:nil="true">a</string>')],
      ['the end of CDATA in a text', removeSpaces('a]]>b')],
      ['a CDATA section without an end', removeSpaces('<![CDATA[a')],
      [
        'a reference into another part (xop)',
        removeSpaces('<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a"/>'),
      ],
      ['a reference by href', removeSpaces('').replace('<t:string', '<t:string href="file:///etc/passwd"')],
    ])('who sends %s is told that it is wrong', async (_, body) => {
      const reply = await send(body)
      expectSender(reply, version)
      expect(reply.text.length).toBeLessThan(3000)
    })

    test('who hides markup in CDATA gets it back as text', async () => {
      const reply = await send(remove('<string><![CDATA[</string><evil/>]]&gt;]]></string>'))
      expect(resultOf(reply, 'remove')).toBe('</string><evil/>]]&gt;')
      expect(reply.text).not.toContain('<evil')
    })

    test('who sends a flood of character references or CDATA sections is answered', async () => {
      expect(resultOf(await send(removeSpaces('&#65;'.repeat(150_000))), 'remove_spaces')).toHaveLength(
        150_000,
      )
      expect(
        resultOf(await send(removeSpaces('<![CDATA[x]]>'.repeat(50_000))), 'remove_spaces'),
      ).toHaveLength(50_000)
    })

    test('who names another operation in SOAPAction is refused', async () => {
      const body = envelope(version, CALL)
      expectSender(await post(server.url, version, body, { SOAPAction: '"remove"' }), version)
      const type = { 'Content-Type': `${VERSIONS[version].mediaType}; action="remove"` }
      expectSender(await post(server.url, version, body, type), version)
    })

    test('who sends replies elsewhere (wsa:ReplyTo) has them here, or a fault if it must be understood', async () => {
      const block = (more: string) =>
        `<s:Header><w:ReplyTo xmlns:w="http://www.w3.org/2005/08/addressing"${more}><w:Address>http://127.0.0.1:1/</w:Address></w:ReplyTo></s:Header>`
      expect(resultOf(await send(CALL, block('')), 'remove_spaces')).toBe('a b')
      expect(faultOf(await send(CALL, block(' s:mustUnderstand="1"')), version)?.code).toBe('MustUnderstand')
    })

    test('who says that a block is for us in a role of another version is not believed', async () => {
      const role = version === '1.1' ? 'role' : 'actor'
      const other = version === '1.1' ? 'urn:other' : 'http://schemas.xmlsoap.org/soap/actor/next'
      const block = `<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="1" s:${role}="${other}"/></s:Header>`
      // The attribute is not of this version, so the block has no role: it is for us.
      expect(faultOf(await send(CALL, block), version)?.code).toBe('MustUnderstand')
    })

    test('who sends bytes that are not UTF-8 is refused, never given U+FFFD', async () => {
      const type = { 'Content-Type': VERSIONS[version].mediaType }
      const [before, after] = envelope(version, removeSpaces('@')).split('@') as [string, string]
      for (const bytes of [
        [0xff],
        [0xc0, 0xaf],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xe2, 0x82],
      ]) {
        const reply = await postBytes(
          server.url,
          Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]),
          type,
        )
        expectSender(reply, version)
        expect(reply.text).not.toContain('\ufffd')
      }
    })

    test('who plays with UTF-16 is read as it is written, or refused', async () => {
      const type = (charset: string) => ({ 'Content-Type': `${VERSIONS[version].mediaType}${charset}` })
      const text = `\ufeff${envelope(version, removeSpaces('a  b'))}`
      const good = await postBytes(server.url, Buffer.from(text, 'utf16le'), type('; charset=utf-16'))
      expect(resultOf(good, 'remove_spaces')).toBe('a b')
      expectSender(
        await postBytes(server.url, Buffer.from(text, 'utf16le'), type('; charset=utf-8')),
        version,
      )
      expectSender(await postBytes(server.url, Buffer.from(text.slice(1), 'utf16le'), type('')), version)
      expectSender(
        await postBytes(server.url, Buffer.from(text, 'utf16le').subarray(0, -1), type('')),
        version,
      )
      expect((await postBytes(server.url, Buffer.from(text.slice(1)), type('; charset=utf-7'))).status).toBe(
        415,
      )
      expect(
        (
          await postBytes(
            server.url,
            Buffer.from(`<?xml version="1.0" encoding="utf-7"?>${text.slice(1)}`),
            type(''),
          )
        ).status,
      ).toBe(415)
    })
  })

  test.each([
    'text/plain',
    'application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'text/xml, text/xml',
    'text/xml; charset=utf-8; charset=utf-7',
    '',
  ])('who sends the media type %j has 415 and no fault', async (type) => {
    const reply = await postBytes(server.url, envelope('1.1', CALL), { 'Content-Type': type })
    expect([reply.status, reply.content]).toEqual([415, undefined])
  })

  test('who sends a media type with a line of its own does not get it back', async () => {
    const bytes = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml; x="\r\n evil: 1"\r\nContent-Length: 0\r\n\r\n`
    expect(await exchange(server.port, [bytes])).not.toContain('evil')
  })

  test('who sends gzip that grows too much, or is none, is refused', async () => {
    const headers = { 'Content-Type': 'text/xml', 'Content-Encoding': 'gzip' }
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
    expect((await postBytes(server.url, bomb, headers)).status).toBe(413)
    expect((await postBytes(server.url, Buffer.from('no gzip'), headers)).status).toBe(400)
    // A second one behind the first is one more part of the same text.
    const nested = gzipSync(gzipSync(Buffer.from(envelope('1.1', CALL))))
    expectSender(await postBytes(server.url, nested, headers), '1.1')
  })

  test('who sends a body slowly is cut at the deadline', async () => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    socket.on('error', () => undefined)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n')
    const trickle = setInterval(() => socket.write('<'), 30)
    await once(socket, 'close')
    clearInterval(trickle)
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('who sends chunks without an end is cut at the limit', async () => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    socket.on('error', () => undefined)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = `8000\r\n${' '.repeat(0x8000)}\r\n`
    const flood = setInterval(() => socket.writable && socket.write(chunk), 1)
    await once(socket, 'close')
    clearInterval(flood)
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('who sends headers twice has one answer, by node:http', async () => {
    const body = envelope('1.1', CALL)
    const twice = (header: string) =>
      `POST / HTTP/1.1\r\nHost: a\r\n${header}\r\n${header}\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    expect(await exchange(server.port, [twice('Content-Length: 5')])).toMatch(/^HTTP\/1\.1 400 /)
    expect(await exchange(server.port, [twice('Transfer-Encoding: chunked')])).toMatch(/^HTTP\/1\.1 400 /)
    expect(await exchange(server.port, [twice('SOAPAction: "remove"')])).toContain('names another operation')
  })

  test('who writes lines for the log finds them in none of its fields', async () => {
    const bodies = [
      `<t:remove_spaces xmlns:t="${TEXT}"><t:x xmlns:t="urn:&#10;2024 ERROR forged"/></t:remove_spaces>`,
      '<x xmlns="urn:&#10;&#x85;&#x2028;forged"/>',
      removeSpaces('').replace('<t:string', '<t:string t:a="&#10;"'),
    ]
    for (const body of bodies) {
      await post(server.url, '1.1', envelope('1.1', body))
      const { reason = '', operation = '' } = server.failures.at(-1) ?? {}
      expect(reason).not.toBe('')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
      expect(reason + operation).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029]/)
    }
  })
})
