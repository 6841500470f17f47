import { VERSION_NAMES, VERSIONS } from '../text-server.ts'
import { createFilesEndpoint } from './files-server.ts'
import {
  BOUNDARY,
  callParts,
  contentType,
  include,
  inPieces,
  multipart,
  part,
  problemOf,
  put,
  rootPart,
} from './packages.ts'

describe.each(VERSION_NAMES)('SOAP %s: a multipart body is refused', (version) => {
  const { sender } = VERSIONS[version]
  const root = (...content: readonly string[]) => rootPart(version, put(...content))
  const A = part('a', 'content')

  async function answerTo(body: Buffer, head: Parameters<typeof callParts>[3] = {}) {
    const { endpoint, files } = await createFilesEndpoint({ limits: { partHeaderBytes: 500 } })
    const response = await callParts(endpoint, version, inPieces(body, [100, 700]), head)
    expect(files.size).toBe(0)
    return problemOf(response)
  }

  const whole = multipart([root(include('cid:a')), A])
  test.each<readonly [string, string, Buffer]>([
    [
      'that ends before its last boundary',
      'ends before its last boundary',
      multipart([root(include('cid:a')), A], ''),
    ],
    ['whose last boundary is cut', 'ends before its last boundary', whole.subarray(0, -4)],
    [
      'whose last boundary says that there is more',
      'ends before its last boundary',
      multipart([root(include('cid:a')), A], `\r\n--${BOUNDARY}\r\n`),
    ],
    [
      'with its line ends as LF alone',
      'begins with the boundary and has more in it',
      Buffer.from(`${whole.toString('latin1').replaceAll('\r\n', '\n')}\r\n`, 'latin1'),
    ],
    [
      'with LF alone behind the envelope',
      'ends before its last boundary',
      Buffer.from(
        whole
          .toString('latin1')
          .replace(/\r\n(--MIMEBoundary_x\r\nContent-Type: application\/x-noise[\s\S]*)$/, '\n$1')
          .replace(/\r\n--MIMEBoundary_x--\r\n$/, ''),
        'latin1',
      ),
    ],
    [
      'in which a line of a part begins with the boundary',
      'begins with the boundary and has more in it',
      multipart([root(include('cid:a')), part('a', `x\r\n--${BOUNDARY}y\r\n`)]),
    ],
    [
      'with a boundary that has more behind it',
      'begins with the boundary and has more in it',
      multipart([root(include('cid:a')), A], `\r\n--${BOUNDARY}--x\r\n`),
    ],
    [
      'with too much before it',
      'too much before the first part',
      Buffer.concat([Buffer.alloc(501, 'x'), Buffer.from('\r\n'), whole]),
    ],
    ['with too much behind it', 'or after the last', Buffer.concat([whole, Buffer.alloc(501, 'x')])],
    ['that is all blanks', 'too much before the first part', Buffer.alloc(100_000, ' ')],
    [
      'with a boundary that is followed by blanks without end',
      'begins with the boundary and has more in it',
      Buffer.from(`--${BOUNDARY}${' '.repeat(300)}`),
    ],
  ])('%s', async (_, reason, body) => {
    const [code, said] = await answerTo(body)
    expect([code, said]).toEqual([sender, expect.stringContaining(reason)])
  })

  test.each([
    ['SwA', 'multipart/related; type="text/xml"; boundary=x', '415', 'not SOAP with Attachments'],
    ['a form', 'multipart/form-data; boundary=x', '415', 'only multipart/related is read'],
    ['no type', 'multipart/related; boundary=x', '415', 'only type="application/xop+xml"'],
    ['no start-info', contentType(version).replace(/start-info="[^"]*"; /, ''), '415', 'start-info must be'],
    [
      'another start-info',
      contentType(version).replace(/start-info="[^"]*"/, 'start-info="text/html"'),
      '415',
      'start-info must be',
    ],
    [
      'no boundary',
      contentType(version).replace(/; boundary=.*/, ''),
      '400',
      'the boundary parameter is missing',
    ],
    ['an empty boundary', contentType(version, ''), '400', 'the boundary parameter is missing'],
    ['a boundary that is too long', contentType(version, 'x'.repeat(71)), '400', 'not allowed'],
    ['a boundary with a line end', contentType(version, 'x\r\ny'), '400', 'not allowed'],
    ['a parameter twice', `${contentType(version)}; boundary=b`, '415', 'a parameter is there twice'],
  ])('with %s as its Content-Type', async (_, type, code, reason) => {
    expect(await answerTo(whole, { contentType: type })).toEqual([code, expect.stringContaining(reason)])
  })

  test.each(['gzip', 'deflate'])('with Content-Encoding %s', async (contentEncoding) => {
    expect(await answerTo(whole, { contentEncoding })).toEqual([
      '415',
      'a multipart body must have no Content-Encoding',
    ])
  })
})
