import { SOMEBODY } from '../callers.ts'
import { VERSION_NAMES, VERSIONS } from '../text-server.ts'
import { createFilesEndpoint, noise } from './files-server.ts'
import {
  callParts,
  include,
  inPieces,
  multipart,
  type Part,
  part,
  problemOf,
  put,
  rootPart,
} from './packages.ts'

const LIMITS = { bodyBytes: 4000, attachmentBytes: 5000, parts: 4, partHeaderBytes: 500 }

describe.each(VERSION_NAMES)('SOAP %s: a message of several parts is refused', (version) => {
  const { sender } = VERSIONS[version]
  const root = (...content: readonly string[]) => rootPart(version, put(...content))

  async function answerTo(body: Buffer, head: Parameters<typeof callParts>[3] = {}) {
    const { endpoint, files } = await createFilesEndpoint({ limits: LIMITS })
    const response = await callParts(endpoint, version, inPieces(body, [100, 700]), head)
    expect(files.size).toBe(0)
    return problemOf(response)
  }

  const A = part('a', 'content')

  test.each<readonly [string, string, readonly Part[]]>([
    [
      'a part that nothing refers to',
      'no element refers to the part b',
      [root(include('cid:a')), A, part('b', '')],
    ],
    [
      'a part without a Content-ID',
      'no element refers to the part without a Content-ID',
      [root(include('cid:a')), { headers: [], bytes: '' }],
    ],
    ['a reference to no part', 'there is no part b', [root(include('cid:b'))]],
    [
      'a reference to no part behind one that is there',
      'there is no part b',
      [root(include('cid:a'), include('cid:b')), A],
    ],
    [
      'two references to a part',
      'two elements refer to the part a',
      [root(include('cid:a'), include('cid:a')), A],
    ],
    ['two parts with one Content-ID', 'there are two parts a', [root(include('cid:a')), A, A]],
    [
      'two such parts among others',
      'there are two parts a',
      [root(include('cid:a'), include('cid:b')), A, A],
    ],
    [
      'a reference to the envelope',
      'an xop:Include refers to the part that it stands in',
      [root(include('cid:root@a'))],
    ],
    [
      'a second part that has the Content-ID of the envelope',
      'no element refers to the part root@a',
      [root(include('cid:a')), part('root@a', ''), A],
    ],
    [
      'a reference to the web',
      '&lt;content&gt; has an xop:Include whose href is no cid: address',
      [root(include('http://127.0.0.1/'))],
    ],
    [
      'a reference to a file',
      '&lt;content&gt; has an xop:Include whose href is no cid: address',
      [root(include('file:///etc/passwd'))],
    ],
    [
      'a reference to nothing',
      '&lt;content&gt; has an xop:Include whose href is no cid: address',
      [root(include('cid:'))],
    ],
    [
      'a reference with bytes that are no UTF-8',
      '&lt;content&gt; has an xop:Include whose href is no cid: address',
      [root(include('cid:%ff'))],
    ],
    [
      'a reference with half an escape',
      '&lt;content&gt; has an xop:Include whose href is no cid: address',
      [root(include('cid:%4'))],
    ],
    [
      'a reference that is not the Content-ID letter for letter',
      'there is no part A',
      [root(include('cid:A'))],
    ],
    [
      'text beside the xop:Include',
      '&lt;content&gt; must contain text only',
      [root(`AAAA${include('cid:a')}`), A],
    ],
    [
      'text behind it',
      '&lt;content&gt; must contain the xop:Include alone',
      [root(`${include('cid:a')}AAAA`), A],
    ],
    ['white space beside it', '&lt;content&gt; must contain text only', [root(`\n${include('cid:a')}`), A]],
    [
      'two of them',
      '&lt;content&gt; must contain the xop:Include alone',
      [root(include('cid:a') + include('cid:b')), A],
    ],
    [
      'an xop:Include with something in it',
      '&lt;content&gt; has an xop:Include that is not empty',
      [root(include('cid:a').replace('/>', '>x</xop:Include>')), A],
    ],
    [
      'an xop:Include without href',
      '&lt;content&gt; has an xop:Include without href',
      [root(include('cid:a').replace(/ href="[^"]*"/, '')), A],
    ],
    [
      'an xop:Include with another attribute',
      '&lt;content&gt; has an xop:Include with an attribute that it must not have',
      [root(include('cid:a').replace('/>', ' type="a"/>')), A],
    ],
    [
      'an Include of another namespace',
      '&lt;content&gt; must contain base64 text, or one xop:Include',
      [root(include('cid:a').replace('08/xop', '09/xop')), A],
    ],
    [
      'an xop:Include in a text',
      '&lt;name&gt; must contain text only',
      [rootPart(version, put().replace('>a<', `>${include('cid:a')}<`)), A],
    ],
    [
      'an xop:Include where an element belongs',
      'must not contain &lt;Include&gt;',
      [rootPart(version, put().replace('<t:name>a</t:name>', `<t:name>a</t:name>${include('cid:a')}`)), A],
    ],
    [
      'bytes that are not as the schema wants them',
      '&lt;small&gt; must contain an xs:Small',
      [
        rootPart(version, put().replace('</t:name>', `</t:name><t:small>${include('cid:a')}</t:small>`)),
        part('a', 'more than eight'),
      ],
    ],
    [
      'bytes behind a stream that should be before it',
      'parts that are not streamed must come before those that are',
      [
        rootPart(
          version,
          put(include('cid:a')).replace('</t:name>', `</t:name><t:small>${include('cid:s')}</t:small>`),
        ),
        A,
        part('s', ''),
      ],
    ],
    [
      'too many parts',
      'there are more than 4 parts',
      [
        root(...['a', 'b', 'c', 'd'].map((id) => include(`cid:${id}`))),
        ...['a', 'b', 'c', 'd'].map((id) => part(id, '')),
      ],
    ],
    [
      'a part with long headers',
      'the headers of a part have more than 500 bytes',
      [root(include('cid:a')), { ...A, headers: [...A.headers, `X: ${'x'.repeat(500)}`] }],
    ],
    [
      'more attached than a message may bring',
      'what is attached has more than 5000 bytes',
      [root(include('cid:a')), part('a', noise(5001))],
    ],
    [
      'more attached than that in two parts',
      'what is attached has more than 5000 bytes',
      [
        rootPart(version, put(include('cid:a'), include('cid:b')).replace('>a<', '>x<')),
        part('a', noise(2500)),
        part('b', noise(2501)),
      ],
    ],
    [
      'a coding that is not read',
      'the Content-Transfer-Encoding of a part must be binary, 8bit or 7bit',
      [root(include('cid:a')), { ...A, headers: ['Content-Transfer-Encoding: base64', 'Content-ID: <a>'] }],
    ],
    [
      'a Content-ID without brackets',
      'the Content-ID of a part must be of the form &lt;id&gt;',
      [root(include('cid:a')), { ...A, headers: ['Content-ID: a'] }],
    ],
    [
      'a header that stands twice',
      'a part has the header content-id twice',
      [root(include('cid:a')), { ...A, headers: ['Content-ID: <a>', 'content-id: <b>'] }],
    ],
    [
      'a header that is none',
      'a header of a part is not well-formed',
      [root(include('cid:a')), { ...A, headers: ['Content-ID <a>'] }],
    ],
    [
      'a header with a line feed in it',
      'a header of a part is not well-formed',
      [root(include('cid:a')), { ...A, headers: ['Content-ID: <a>\nX: y'] }],
    ],
    [
      'a media type that is none',
      'the Content-Type of a part is not a media type',
      [root(include('cid:a')), { ...A, headers: ['Content-ID: <a>', 'Content-Type: file'] }],
    ],
    [
      'an envelope that is not the first part',
      'the part that the parameter start names must be the first',
      [A, root(include('cid:a'))],
    ],
    [
      'an envelope that does not say what it is',
      'the Content-Type of the first part must be application/xop+xml',
      [{ ...root(), headers: ['Content-ID: <root@a>', 'Content-Type: text/xml'] }],
    ],
    [
      'an envelope that is another than start-info says',
      'the type of the first part must be what start-info says',
      [{ ...root(), headers: ['Content-ID: <root@a>', 'Content-Type: application/xop+xml; type="a/b"'] }],
    ],
    ['no part at all', 'the multipart body ends before its last boundary', []],
  ])('with %s', async (_, reason, parts) => {
    const [code, said] = await answerTo(parts.length === 0 ? Buffer.alloc(0) : multipart(parts))
    expect([code, said]).toEqual([sender, expect.stringContaining(reason)])
  })

  test('with an envelope that is longer than a body may be', async () => {
    expect(
      await answerTo(multipart([rootPart(version, put().replace('>a<', `>${'a'.repeat(4000)}<`))])),
    ).toEqual(['413', 'what is not streamed has more than 4000 bytes'])
  })

  test('with bytes that are not streamed that are, with the envelope', async () => {
    const document = put().replace('</t:name>', `</t:name><t:small>${include('cid:s')}</t:small>`)
    expect((await answerTo(multipart([rootPart(version, document), part('s', noise(3900))])))[0]).toBe('413')
  })

  test('with an envelope of another version than its media type', async () => {
    const other = version === '1.1' ? '1.2' : '1.1'
    const parts = [{ ...rootPart(version, ''), bytes: rootPart(other, put()).bytes }]
    expect((await answerTo(multipart(parts)))[0]).toBe('VersionMismatch')
  })

  test('with a DTD, as in any other document', async () => {
    const first = rootPart(version, put())
    const body = multipart([{ ...first, bytes: `<!DOCTYPE a>${String(first.bytes)}` }])
    expect(await answerTo(body)).toEqual([sender, 'a document type declaration is not allowed'])
  })

  test('where its xop:Include came alone, without parts', async () => {
    const { endpoint } = await createFilesEndpoint()
    const response = await endpoint.handle({
      caller: SOMEBODY,
      contentType: version === '1.1' ? 'text/xml' : 'application/soap+xml',
      contentEncoding: undefined,
      acceptEncoding: undefined,
      soapAction: undefined,
      body: Buffer.from(root(include('cid:a')).bytes as string),
    })
    expect(await problemOf(response)).toEqual([sender, '&lt;content&gt; must contain text only'])
  })
})
