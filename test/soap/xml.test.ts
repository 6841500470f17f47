import fc from 'fast-check'
import {
  envelope,
  escapeText,
  faultOf,
  openTextServer,
  post,
  postBytes,
  remove,
  removeSpaces,
  resultOf,
  type TextServer,
  VERSION_NAMES,
  VERSIONS,
} from './text-server.ts'

/** UTF-16 with a byte order mark. */
function utf16(text: string, order: 'le' | 'be'): Buffer {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return order === 'le' ? bytes : bytes.swap16()
}

describe.each(VERSION_NAMES)('the XML of a SOAP %s request', (version) => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  const type = { 'Content-Type': VERSIONS[version].mediaType }
  const call = envelope(version, removeSpaces('a'))

  test.each([
    ['a DTD', `<!DOCTYPE a>${call}`],
    ['an external DTD', `<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">${call}`],
    [
      'entities that expand',
      `<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]>${call.replace('>a<', '>&d;<')}`,
    ],
    [
      'an external entity',
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${call.replace('>a<', '>&x;<')}`,
    ],
    ['a processing instruction', `<?a b?>${call}`],
    ['a processing instruction inside', call.replace('>a<', '><?a b?><')],
    ['an undeclared prefix', call.replace('<t:string', '<q:string').replace('</t:string', '</q:string')],
    ['an attribute twice', call.replace('<t:string', '<t:string a="1" a="2"')],
    [
      'an attribute twice by two prefixes',
      call.replace('<t:string', '<t:string xmlns:p="urn:p" xmlns:q="urn:p" p:a="1" q:a="2"'),
    ],
    ['tags that do not match', call.replace('</t:string>', '</t:strin>')],
    ['an end that is missing', call.slice(0, -3)],
    ['something after the end', `${call}<a/>`],
    ['text after the end', `${call}a`],
    ['nothing at all', ''],
    ['only blanks', ' \n'],
    ['no XML', 'hello'],
    ['an entity that is not declared', call.replace('>a<', '>&nbsp;<')],
    ['an entity named constructor', call.replace('>a<', '>&constructor;<')],
    ['a reference to NUL', call.replace('>a<', '>&#0;<')],
    ['a reference to half a surrogate pair', call.replace('>a<', '>&#xD800;<')],
    ['a reference beyond Unicode', call.replace('>a<', '>&#x110000;<')],
    ['NUL', call.replace('>a<', '>\0<')],
    ['a control character', call.replace('>a<', '>\x0b<')],
    ['U+FFFE', call.replace('>a<', '>\ufffe<')],
    [']]> in text', call.replace('>a<', '>]]><')],
    ['a bare ampersand', call.replace('>a<', '>a & b<')],
    ['< in an attribute', call.replace('<t:string', '<t:string a="<"')],
    ['two hyphens in a comment', call.replace('>a<', '><!-- a -- b --><')],
    ['blanks before the XML declaration', ` <?xml version="1.0"?>${call}`],
    ['XML 1.1', `<?xml version="1.1"?>${call}`],
    ['an encoding that the bytes are not in', `<?xml version="1.0" encoding="UTF-16"?>${call}`],
    ['two byte order marks', `\ufeff\ufeff${call}`],
    [
      'blanks at the end of a namespace name',
      call.replace(`${VERSIONS[version].namespace}"`, `${VERSIONS[version].namespace} "`),
    ],
  ])('%s is a fault of the sender', async (_, document) => {
    const reply = await post(server.url, version, document)
    expect(reply.status).toBe(VERSIONS[version].senderStatus)
    expect(faultOf(reply, version)?.code).toBe(VERSIONS[version].sender)
    expect(reply.text).not.toMatch(/root:|\ufffd/)
  })

  test.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a cut character', [0xe2, 0x82]],
    ['a byte of Latin-1', [0xe9]],
  ])('UTF-8 with %s is a fault of the sender, never U+FFFD', async (_, bytes) => {
    const [before, after] = call.split('>a<')
    const body = Buffer.concat([Buffer.from(`${before}>`), Buffer.from(bytes), Buffer.from(`<${after}`)])
    const reply = await postBytes(server.url, body, type)
    expect(faultOf(reply, version)?.code).toBe(VERSIONS[version].sender)
  })

  const accented = envelope(version, removeSpaces('é  €  𝄞'))
  test.each([
    ['UTF-8', Buffer.from(accented)],
    [
      'UTF-8 that says so',
      Buffer.from(`<?xml version='1.0' encoding='utf-8' standalone="yes" ?>${accented}`),
    ],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${accented}`)],
    ['UTF-16, little endian', utf16(accented, 'le')],
    ['UTF-16, big endian', utf16(accented, 'be')],
    ['UTF-16 that says so', utf16(`<?xml version="1.0" encoding="UTF-16"?>${accented}`, 'le')],
  ])('%s is read', async (_, body) => {
    expect(resultOf(await postBytes(server.url, body, type), 'remove_spaces')).toBe('é € 𝄞')
  })

  test.each([
    ['UTF-16 without a byte order mark', Buffer.from(accented, 'utf16le')],
    ['UTF-16 with half a surrogate pair', utf16(accented.replace('𝄞', '\ud834'), 'le')],
    ['UTF-16 of an odd length', utf16(accented, 'le').subarray(0, -1)],
    ['UTF-16 that says UTF-8', utf16(`<?xml version="1.0" encoding="utf-8"?>${accented}`, 'le')],
  ])('%s is a fault of the sender', async (_, body) => {
    expect(faultOf(await postBytes(server.url, body, type), version)?.code).toBe(VERSIONS[version].sender)
  })

  test.each([
    ['the charset parameter', { charset: 'iso-8859-1', declaration: '' }],
    [
      'the XML declaration',
      { charset: undefined, declaration: '<?xml version="1.0" encoding="ISO-8859-1"?>' },
    ],
  ])('Latin-1 told by %s is refused with 415', async (_, { charset, declaration }) => {
    const body = Buffer.from(`${declaration}${envelope(version, removeSpaces('é'))}`, 'latin1')
    const header =
      charset === undefined ? type['Content-Type'] : `${type['Content-Type']}; charset=${charset}`
    const reply = await postBytes(server.url, body, { 'Content-Type': header })
    expect(reply.status).toBe(415)
    expect(reply.type).toBe('text/plain; charset=utf-8')
  })

  test('a charset parameter that the bytes belie is a fault of the sender', async () => {
    const header = { 'Content-Type': `${VERSIONS[version].mediaType}; charset=utf-8` }
    const reply = await postBytes(server.url, utf16(accented, 'le'), header)
    expect(faultOf(reply, version)?.code).toBe(VERSIONS[version].sender)
  })

  test.each([
    ['CDATA', '<![CDATA[ <a>&amp; ]]>', ' <a>&amp; '],
    ['CDATA in CDATA', '<![CDATA[<![CDATA[ ]]]]><![CDATA[>]]>', '<![CDATA[ ]]>'],
    ['CDATA, comments and references in one', 'a<![CDATA[b]]>c<!--d-->e&#102;&lt;', 'abcef<'],
    ['all five entities', '&lt;&gt;&amp;&quot;&apos;', '<>&"\''],
    ['line ends', 'a\r\nb\rc\nd', 'a\nb\nc\nd'],
    ['carriage returns by reference', 'a&#13;&#xD;b', 'a b'],
    ['a carriage return by reference', 'a&#13;b', 'a\rb'],
    ['a tab', '\ta\tb\t', '\ta\tb\t'],
    ['blanks at the ends', ' a ', ' a '],
    ['a no-break space', '\u00a0', '\u00a0'],
    ['U+FEFF in text', 'a\ufeffb', 'a\ufeffb'],
    ['nothing', '', ''],
    ['one blank', ' ', ' '],
  ])('a string with %s is read as XML says', async (_, written, expected) => {
    const reply = await post(server.url, version, envelope(version, remove(`<string>${written}</string>`)))
    expect(resultOf(reply, 'remove')).toBe(expected)
  })

  test('a carriage return is written so that a reader gets it', async () => {
    const reply = await post(server.url, version, envelope(version, remove('<string>a&#13;b</string>')))
    expect(reply.text).toContain('a&#13;b')
  })
})

/** Every character that XML 1.0 allows, those that matter more often. */
const character = fc.oneof(
  fc.constantFrom(...'<>&"\'\t\n\r ]-!\u0085\u00a0\u2028\ufeff\ufffd'),
  fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }).filter((text) => {
    return /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]$/u.test(text)
  }),
)
const text = fc.array(character, { maxLength: 60 }).map((characters) => characters.join(''))

describe('strings and bytes of any kind', () => {
  let server: TextServer
  const echo = ({ string }: { string: string }) => ({ remove_spacesResult: string })
  beforeAll(async () => {
    server = await openTextServer({ portType: { remove_spaces: echo, remove: () => ({}) } })
  })
  afterAll(() => server.close())

  test('every string that XML can carry comes back exactly as it was sent', async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom(...VERSION_NAMES), async (sent, version) => {
        const reply = await post(server.url, version, envelope(version, removeSpaces(escapeText(sent))))
        expect(resultOf(reply, 'remove_spaces')).toBe(sent)
      }),
      { numRuns: 200 },
    )
  })

  test('bytes of any kind are answered, and the server goes on', async () => {
    const call = Buffer.from(envelope('1.2', removeSpaces('a  b')))
    const mutated = fc
      .array(fc.tuple(fc.nat(call.length - 1), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((changes) => {
        const bytes = Buffer.from(call)
        for (const [at, byte] of changes) bytes[at] = byte
        return bytes
      })
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
      fc.nat(call.length).map((end) => call.subarray(0, end)),
      mutated,
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const reply = await postBytes(server.url, body, { 'Content-Type': 'application/soap+xml' })
        expect([200, 400, 415, 500]).toContain(reply.status)
        expect(server.failures.filter(({ code }) => code === 'Receiver')).toEqual([])
      }),
      { numRuns: 300 },
    )
    expect(
      resultOf(
        await postBytes(server.url, call, { 'Content-Type': 'application/soap+xml' }),
        'remove_spaces',
      ),
    ).toBe('a  b')
  })
})
