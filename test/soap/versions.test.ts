import {
  at,
  envelope,
  faultOf,
  NS_11,
  NS_12,
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

describe('SOAP 1.1 and 1.2 on one address', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  test.each(VERSION_NAMES)('a %s request gets a reply of its version and media type', async (version) => {
    const reply = await post(server.url, version, envelope(version, removeSpaces('  two   words ')))
    expect(reply.status).toBe(200)
    expect(reply.type).toBe(`${VERSIONS[version].mediaType}; charset=utf-8`)
    expect(reply.namespace).toBe(VERSIONS[version].namespace)
    expect(resultOf(reply, 'remove_spaces')).toBe('two words')
  })

  test('the reply has the media type that the server chose, whatever parameters came with the request', async () => {
    const reply = await post(server.url, '1.1', envelope('1.1', removeSpaces('a')), {
      'Content-Type': 'TEXT/XML; version="a;b\\"c"; charset="UTF-8"',
      Accept: 'image/png',
    })
    expect(reply.status).toBe(200)
    expect(reply.type).toBe('text/xml; charset=utf-8')
  })

  test.each(VERSION_NAMES)(
    'an envelope of an unknown namespace as %s is a version mismatch',
    async (version) => {
      const document = envelope(version, removeSpaces('a')).replace(VERSIONS[version].namespace, 'urn:soap:9')
      const reply = await post(server.url, version, document)
      expect(reply.status).toBe(500)
      expect(faultOf(reply, version)?.code).toBe('VersionMismatch')
    },
  )

  test('a SOAP 1.2 version mismatch names the envelopes that are supported', async () => {
    const reply = await post(server.url, '1.2', '<Envelope xmlns="urn:soap:9"/>')
    const supported = at(reply.content, 'Header', 'Upgrade')?.SupportedEnvelope
    expect(supported).toEqual([
      { $: { qname: 'v12:Envelope', 'xmlns:v12': NS_12 } },
      { $: { qname: 'v11:Envelope', 'xmlns:v11': NS_11 } },
    ])
  })

  test('a SOAP 1.1 envelope under the media type of 1.2 gets a version mismatch that a 1.1 sender can read', async () => {
    const reply = await post(server.url, '1.2', envelope('1.1', removeSpaces('a')))
    expect(reply.status).toBe(500)
    expect(reply.type).toBe('text/xml; charset=utf-8')
    expect(faultOf(reply, '1.1')?.code).toBe('VersionMismatch')
  })

  test('a SOAP 1.2 envelope under the media type of 1.1 gets a version mismatch that a 1.2 sender can read', async () => {
    const reply = await post(server.url, '1.1', envelope('1.2', removeSpaces('a')))
    expect(reply.status).toBe(500)
    expect(reply.type).toBe('application/soap+xml; charset=utf-8')
    expect(faultOf(reply, '1.2')?.code).toBe('VersionMismatch')
  })

  test.each([
    'application/json',
    'application/xml',
    'text/plain',
    'multipart/related; type="text/xml"',
    'text/xml; charset=utf-8; charset=utf-16',
    'text/xml;=',
    'nonsense',
  ])('the media type %s is refused with 415 and without a fault', async (type) => {
    const reply = await postBytes(server.url, envelope('1.1', removeSpaces('a')), { 'Content-Type': type })
    expect(reply.status).toBe(415)
    expect(reply.type).toBe('text/plain; charset=utf-8')
    expect(reply.headers.accept).toBe(
      'text/xml, application/soap+xml, multipart/related; type="application/xop+xml"',
    )
    expect(reply.text).not.toContain('Envelope')
  })

  test.each(VERSION_NAMES)('dispatch of %s is by the name of the body, in its namespace', async (version) => {
    const none = envelope(version, removeSpaces('a').replaceAll('urn:dms:text:1', 'urn:elsewhere'))
    const reply = await post(server.url, version, none)
    expect(reply.status).toBe(VERSIONS[version].senderStatus)
    expect(faultOf(reply, version)?.code).toBe(VERSIONS[version].sender)
    expect(faultOf(reply, version)?.reason).toContain('urn:elsewhere')
  })

  test.each(['"remove"', 'remove', '""', ''])('SOAPAction %s goes with remove', async (action) => {
    const reply = await post(server.url, '1.1', envelope('1.1', remove('<string>a  b</string>')), {
      SOAPAction: action,
    })
    expect(resultOf(reply, 'remove')).toBe('a b')
  })

  test.each(['"urn:dms:text:1/remove_spaces"', '"nonsense"', '"__proto__"', '"remove", "remove"'])(
    'SOAPAction %s with the body of remove is refused, never obeyed',
    async (action) => {
      const reply = await post(server.url, '1.1', envelope('1.1', remove('<string>a  b</string>')), {
        SOAPAction: action,
      })
      expect(reply.status).toBe(500)
      expect(faultOf(reply, '1.1')?.code).toBe('Client')
      expect(resultOf(reply, 'remove')).toBeUndefined()
    },
  )

  test("SOAP 1.2's action parameter must name the operation of the body", async () => {
    const document = envelope('1.2', remove('<string>a  b</string>'))
    const type = (action: string) => ({ 'Content-Type': `application/soap+xml; action="${action}"` })
    expect(resultOf(await post(server.url, '1.2', document, type('remove')), 'remove')).toBe('a b')
    const refused = await post(server.url, '1.2', document, type('urn:dms:text:1/remove_spaces'))
    expect(refused.status).toBe(400)
    expect(faultOf(refused, '1.2')?.code).toBe('Sender')
  })
})
