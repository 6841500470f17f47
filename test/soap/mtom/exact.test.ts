import fc from 'fast-check'
import { SoapFault } from '../../../src/soap/fault.ts'
import { type MimeEvent, MimeParser } from '../../../src/soap/mime-parser.ts'
import { SOMEBODY } from '../callers.ts'
import { VERSION_NAMES } from '../text-server.ts'
import { FILES, readFiles } from './files-contract.ts'
import { createFilesEndpoint, noise, sha256 } from './files-server.ts'
import {
  BOUNDARY,
  bodyOf,
  callParts,
  contentType,
  include,
  inPieces,
  multipart,
  part,
  put,
  readMultipart,
  rootPart,
} from './packages.ts'

const LIMITS = { parts: 16, partHeaderBytes: 4096 }
/** Pieces of which boundaries are made, and what nearly is one. */
const SHARDS = [
  '\r',
  '\n',
  '-',
  '\r\n',
  '\r\n-',
  '\r\n--',
  `\r\n--${BOUNDARY.slice(0, -1)}`,
  BOUNDARY,
  `--${BOUNDARY}`,
]
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((some) => Buffer.from(some)),
      fc.constantFrom(...SHARDS).map((shard) => Buffer.from(shard)),
    ),
    { maxLength: 12 },
  )
  .map((some) => Buffer.concat(some))
  // What a sender must see to: that no line begins with the boundary.
  .filter((some) => !`\r\n${some.toString('latin1')}`.includes(`\r\n--${BOUNDARY}`))
const cuts = fc.array(fc.nat(), { maxLength: 8 })

function parse(body: Buffer, at: readonly number[]): MimeEvent[] {
  const parser = new MimeParser(BOUNDARY, LIMITS)
  const events: MimeEvent[] = []
  let from = 0
  for (const end of [...at.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length]) {
    events.push(...parser.write(body.subarray(from, end)))
    from = end
  }
  return [...events, parser.end()]
}

function partsOf(events: readonly MimeEvent[]): Buffer[] {
  const parts: Buffer[] = []
  for (const event of events) {
    if (event.kind === 'part') parts.push(Buffer.alloc(0))
    if (event.kind === 'bytes') parts.push(Buffer.concat([parts.pop() as Buffer, event.bytes]))
  }
  return parts
}

describe('a multipart body is taken apart', () => {
  test('into the same bytes however it is cut', () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 5 }), cuts, (contents, at) => {
        const body = multipart(contents.map((content, index) => part(String(index), content)))
        expect(partsOf(parse(body, at))).toEqual(contents)
      }),
      { numRuns: 500 },
    )
  })

  test('byte by byte', () => {
    const contents = [noise(300), Buffer.alloc(0), Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}`)]
    const body = multipart(contents.map((content) => part('a', content)))
    expect(partsOf(parse(body, Array.from(body.keys())))).toEqual(contents)
  })

  test('with words before the first part and behind the last, which are for nobody', () => {
    const body = Buffer.concat([
      Buffer.from('This is a message of many parts.\r\n'),
      multipart([part('a', 'x')]),
      Buffer.from('\r\nthe end'),
    ])
    expect(partsOf(parse(body, [3, 40]))).toEqual([Buffer.from('x')])
  })

  test('with blanks behind a boundary, without headers, with folded ones', () => {
    const body = Buffer.from(
      `--${BOUNDARY} \t\r\n\r\na\r\n--${BOUNDARY}\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\nb\r\n--${BOUNDARY}--`,
    )
    const events = parse(body, [])
    expect(partsOf(events).map(String)).toEqual(['a', 'b'])
    expect(events.flatMap((event) => (event.kind === 'part' ? [event.headers.media?.charset] : []))).toEqual([
      undefined,
      'utf-8',
    ])
  })

  test('and never fails but with a fault, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(bytes, fc.constant(Buffer.from(`\r\n--${BOUNDARY}\r\n`)))),
        cuts,
        (some, at) => {
          try {
            parse(Buffer.concat(some), at)
          } catch (error) {
            expect(error).toBeInstanceOf(SoapFault)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe.each(VERSION_NAMES)('SOAP %s: a file', (version) => {
  test('comes as a part as it was sent, however the request is cut', async () => {
    const { endpoint, files } = await createFilesEndpoint()
    await fc.assert(
      fc.asyncProperty(bytes, cuts, async (content, at) => {
        const body = multipart([rootPart(version, put(include('cid:a@b'))), part('a@b', content)])
        const response = await callParts(endpoint, version, inPieces(body, at))
        expect(response.status).toBe(200)
        expect(files.get('a')).toEqual(content)
        expect(String(response.body)).toContain(
          `<said>${content.length} ${sha256(content)} application/x-noise -</said>`,
        )
      }),
      { numRuns: 100 },
    )
  })

  test('comes in the document as base64 text, and is the same to the operation', async () => {
    const { endpoint } = await createFilesEndpoint()
    const content = noise(1000)
    const inline = `<t:content xmlns:t="${FILES}" xmlns:m="http://www.w3.org/2005/05/xmlmime" m:contentType="image/png">${content.toString('base64')}</t:content>`
    const body = put('').replace('<t:content></t:content>', inline)
    const response = await callParts(endpoint, version, inPieces(multipart([rootPart(version, body)])))
    expect(String(response.body)).toContain(`1000 ${sha256(content)} image/png 1000`)
  })

  test('several come in their order, behind bytes that are not streamed, which are there before the operation begins', async () => {
    const { endpoint } = await createFilesEndpoint()
    const document = put(include('cid:one'), include('cid:two')).replace(
      '</t:name>',
      `</t:name><t:small>${include('cid:s1')}</t:small><t:small>YWI=</t:small><t:small>${include('cid:s2')}</t:small>`,
    )
    const body = multipart([
      rootPart(version, document),
      part('s2', 'second'),
      part('s1', 'first'),
      part('one', 'x', 'text/x'),
      part('two', '', 'text/y'),
    ])
    const response = await callParts(endpoint, version, inPieces(body))
    expect(String(response.body)).toContain(
      `small first\nsmall ab\nsmall second\n1 ${sha256(Buffer.from('x'))} text/x -\n0 ${sha256(Buffer.alloc(0))} text/y -`,
    )
  })

  test('goes as a part where the request had parts, byte for byte', async () => {
    const { endpoint, files } = await createFilesEndpoint()
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (one, two) => {
        files.set('one', one)
        files.set('two', two)
        const document = `<t:GetKnown xmlns:t="${FILES}"><t:name>one two</t:name></t:GetKnown>`
        const response = await callParts(
          endpoint,
          version,
          inPieces(multipart([rootPart(version, document)])),
        )
        const body = await bodyOf(response)
        expect(body.length).toBe((response.body as { length: number }).length)
        const reply = readMultipart({ contentType: response.headers['Content-Type'] ?? '', body })
        expect(reply.last).toBe('--\r\n')
        expect(reply.parts.map((each) => each.bytes).slice(1)).toEqual([one, two])
        const [root, ...others] = reply.parts.map(({ head }) => /Content-ID: <([^>]+)>/.exec(head)?.[1])
        const hrefs = [...String(reply.parts[0]?.bytes).matchAll(/href="cid:([^"]+)"/g)].map(([, id]) => id)
        expect(hrefs).toEqual(others)
        expect(response.headers['Content-Type']).toContain(`start="<${root}>"`)
        expect(reply.parts[1]?.head).toContain('Content-Type: text/x-file')
      }),
      { numRuns: 100 },
    )
  })

  test('goes in the document as base64 text where it had none, byte for byte and with its length said', async () => {
    const { endpoint } = await createFilesEndpoint({
      portType: {
        Get: ({ name }: { readonly name: string }) => {
          const pieces = name.split('-').map((piece) => Buffer.from(piece))
          const size = pieces.reduce((sum, piece) => sum + piece.length, 0)
          return {
            name,
            content: {
              size,
              stream: async function* () {
                yield* pieces
              },
            },
          }
        },
      },
    })
    for (const name of ['', 'a', 'ab', 'abc', 'a-b-c-d', 'ab-c--defg-h', '--']) {
      const document = `<t:Get xmlns:t="${FILES}"><t:name>${name}</t:name></t:Get>`
      const response = await endpoint.handle({
        caller: SOMEBODY,
        contentType: version === '1.1' ? 'text/xml' : 'application/soap+xml',
        contentEncoding: undefined,
        acceptEncoding: 'gzip',
        soapAction: undefined,
        body: Buffer.from(rootPart(version, document).bytes as string),
      })
      const body = await bodyOf(response)
      expect(body.length).toBe((response.body as { length: number }).length)
      expect(response.headers).not.toHaveProperty('Content-Encoding')
      expect(body.toString()).toContain(
        `<content>${Buffer.from(name.replaceAll('-', '')).toString('base64')}</content>`,
      )
    }
  })

  test('xmime:contentType is read and, where the schema has it, written', async () => {
    const { endpoint } = await createFilesEndpoint()
    const document = `<t:Describe xmlns:t="${FILES}"><t:content xmlns:m="http://www.w3.org/2005/05/xmlmime" m:contentType="image/gif">${include('cid:a')}</t:content></t:Describe>`
    const body = multipart([rootPart(version, document), part('a', 'GIF89a', 'application/octet-stream')])
    const response = await callParts(endpoint, version, inPieces(body))
    const reply = readMultipart({
      contentType: response.headers['Content-Type'] ?? '',
      body: await bodyOf(response),
    })
    expect(String(reply.parts[0]?.bytes)).toMatch(
      /<content xmlns:a0="http:\/\/www.w3.org\/2005\/05\/xmlmime" a0:contentType="image\/gif"><xop:Include/,
    )
    expect(reply.parts[1]?.head).toContain('Content-Type: image/gif')
    expect(String(reply.parts[1]?.bytes)).toBe('GIF89a')
  })

  test('nil is no file, in and out', async () => {
    const { endpoint } = await createFilesEndpoint()
    const document = `<t:Describe xmlns:t="${FILES}"><t:content xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></t:Describe>`
    const response = await callParts(endpoint, version, inPieces(multipart([rootPart(version, document)])))
    expect(String(response.body)).toContain('xsi:nil="true"')
  })

  test('what a sender says a file is stands in no header of a reply but as a media type', async () => {
    const { endpoint } = await createFilesEndpoint()
    for (const evil of ['a/b; x="\r\nSet-Cookie: a=b"', 'nothing', 'a/b\r\nX: y', 'a/\u00e9']) {
      const content = `<t:content xmlns:m="http://www.w3.org/2005/05/xmlmime" m:contentType="${evil.replaceAll('"', '&quot;').replaceAll('\r', '&#13;').replaceAll('\n', '&#10;')}">AAAA</t:content>`
      const document = `<t:Describe xmlns:t="${FILES}">${content}</t:Describe>`
      const response = await callParts(endpoint, version, inPieces(multipart([rootPart(version, document)])))
      const reply = readMultipart({
        contentType: response.headers['Content-Type'] ?? '',
        body: await bodyOf(response),
      })
      expect(reply.parts[1]?.head.split('\r\n')[0]).toBe('Content-Type: application/octet-stream')
    }
  })

  test('a call without any file may come as a multipart body too, and is answered in plain', async () => {
    const { endpoint } = await createFilesEndpoint()
    const document = `<t:Echo xmlns:t="${FILES}"><t:text>hello</t:text></t:Echo>`
    const response = await callParts(endpoint, version, inPieces(multipart([rootPart(version, document)])))
    expect(response.headers['Content-Type']).toMatch(
      version === '1.1' ? /^text\/xml/ : /^application\/soap\+xml/,
    )
    expect(String(response.body)).toContain('<text>hello</text>')
  })

  test('the action may stand wherever senders put it, and must be the operation', async () => {
    const { endpoint } = await createFilesEndpoint()
    const document = `<t:Echo xmlns:t="${FILES}"><t:text>a</t:text></t:Echo>`
    const type = contentType(version)
    const types = (action: string) => [
      `${type}; action="${action}"`,
      type.replace(/start-info="([^"]+)"/, `start-info="$1; action=\\"${action}\\""`),
    ]
    const call = async (header: string) =>
      (
        await callParts(endpoint, version, inPieces(multipart([rootPart(version, document)])), {
          contentType: header,
        })
      ).status
    for (const header of types('urn:files/Echo')) expect(await call(header)).toBe(200)
    for (const header of types('urn:files/Put'))
      expect(await call(header)).toBe(version === '1.1' ? 500 : 400)
  })
})

test('an element that cannot be streamed must not say that it is', async () => {
  await expect(readFiles({ content: 'tns:Small' })).rejects.toThrow(
    'content has xmime:expectedContentTypes: its type must be xs:base64Binary or xmime:base64Binary',
  )
  await expect(readFiles({ content: 'xs:string' })).rejects.toThrow('its type must be')
})
