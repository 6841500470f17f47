import {
  at,
  envelope,
  faultOf,
  openTextServer,
  post,
  removeSpaces,
  resultOf,
  type TextServer,
  VERSION_NAMES,
  VERSIONS,
  type Version,
} from './text-server.ts'

const CALL = removeSpaces(' a  b ')

/** A document with `Envelope`, `Header` and `Body` written as @E, @H and @B. */
function document(version: Version, pattern: string): string {
  return pattern
    .replace('<@E', `<@E xmlns:s="${VERSIONS[version].namespace}"`)
    .replaceAll('@E', 's:Envelope')
    .replaceAll('@H', 's:Header')
    .replaceAll('@B', 's:Body')
    .replaceAll('@C', CALL)
}

describe.each(VERSION_NAMES)('the structure of a SOAP %s envelope', (version) => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  test.each([
    ['no Header', '<@E><@B>@C</@B></@E>'],
    ['an empty Header', '<@E><@H/><@B>@C</@B></@E>'],
    [
      'a Header with a block that need not be understood',
      '<@E><@H><x:a xmlns:x="urn:x"><x:b/>text</x:a></@H><@B>@C</@B></@E>',
    ],
    [
      'blanks and comments between blocks',
      '<!--a--><@E>\n <!--b-->\t<@B>\r\n @C <!--c--> </@B> </@E>\n<!--d-->',
    ],
    ['qualified attributes', '<@E xmlns:x="urn:x" x:a="1"><@B x:Id="b">@C</@B></@E>'],
  ])('%s is answered', async (_, pattern) => {
    const reply = await post(server.url, version, document(version, pattern))
    expect(resultOf(reply, 'remove_spaces')).toBe('a b')
  })

  test.each([
    ['no Body', '<@E/>'],
    ['an empty Body', '<@E><@B/></@E>'],
    ['a Header after the Body', '<@E><@B>@C</@B><@H/></@E>'],
    ['two Headers', '<@E><@H/><@H/><@B>@C</@B></@E>'],
    ['two Bodies', '<@E><@B>@C</@B><@B>@C</@B></@E>'],
    ['two body children', '<@E><@B>@C@C</@B></@E>'],
    ['something after the Body', '<@E><@B>@C</@B><x xmlns="urn:x"/></@E>'],
    ['something before the Body', '<@E><x xmlns="urn:x"/><@B>@C</@B></@E>'],
    ['text in the Envelope', '<@E>text<@B>@C</@B></@E>'],
    ['text in the Header', '<@E><@H>text</@H><@B>@C</@B></@E>'],
    ['text in the Body', '<@E><@B>@C text</@B></@E>'],
    ['CDATA in the Body', '<@E><@B><![CDATA[x]]>@C</@B></@E>'],
    ['a character reference in the Envelope', '<@E>&#65;<@B>@C</@B></@E>'],
    ['a header block without a namespace', '<@E><@H><block/></@H><@B>@C</@B></@E>'],
    ['an attribute without a namespace on the Envelope', '<@E a="1"><@B>@C</@B></@E>'],
    ['a Body in no namespace', '<@E><Body>@C</Body></@E>'],
    [
      'a mustUnderstand that is no boolean',
      '<@E><@H><x:a xmlns:x="urn:x" s:mustUnderstand="yes"/></@H><@B>@C</@B></@E>',
    ],
  ])('%s is a fault of the sender', async (_, pattern) => {
    const reply = await post(server.url, version, document(version, pattern))
    expect(reply.status).toBe(VERSIONS[version].senderStatus)
    expect(faultOf(reply, version)?.code).toBe(VERSIONS[version].sender)
  })

  test('a block that must be understood and is not stops the call, even one whose body is wrong', async () => {
    const header = '<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header>'
    const reply = await post(server.url, version, envelope(version, '<nonsense/>', header))
    expect(reply.status).toBe(500)
    expect(faultOf(reply, version)?.code).toBe('MustUnderstand')
  })
})

const ROLES = {
  '1.1': {
    attribute: 'actor',
    ours: ['', 'http://schemas.xmlsoap.org/soap/actor/next'],
    others: ['urn:other'],
  },
  '1.2': {
    attribute: 'role',
    ours: [
      'http://www.w3.org/2003/05/soap-envelope/role/next',
      'http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver',
    ],
    others: ['urn:other', 'http://www.w3.org/2003/05/soap-envelope/role/none'],
  },
} as const

describe.each(VERSION_NAMES)('mustUnderstand in SOAP %s', (version) => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  const { attribute, ours, others } = ROLES[version]
  const withRole = (role: string) =>
    envelope(
      version,
      CALL,
      `<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="1" s:${attribute}="${role}"/></s:Header>`,
    )

  test.each(ours)('a block for "%s" is for us', async (role) => {
    expect(faultOf(await post(server.url, version, withRole(role)), version)?.code).toBe('MustUnderstand')
  })

  test.each(others)('a block for %s is ignored', async (role) => {
    expect(resultOf(await post(server.url, version, withRole(role)), 'remove_spaces')).toBe('a b')
  })

  test('a block that says 0 is ignored', async () => {
    const header = '<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="0"/></s:Header>'
    expect(resultOf(await post(server.url, version, envelope(version, CALL, header)), 'remove_spaces')).toBe(
      'a b',
    )
  })
})

describe('SOAP 1.2 alone', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  test('names each block that was not understood', async () => {
    const header =
      '<s:Header xmlns:x="urn:x"><x:a s:mustUnderstand="true"/><x:ok/><b xmlns="urn:&amp;y" s:mustUnderstand="1"/></s:Header>'
    const reply = await post(server.url, '1.2', envelope('1.2', CALL, header))
    const blocks = (at(reply.content, 'Header') as { NotUnderstood: unknown }).NotUnderstood
    expect(blocks).toEqual([
      { $: { qname: 'n:a', 'xmlns:n': 'urn:x' } },
      { $: { qname: 'n:b', 'xmlns:n': 'urn:&y' } },
    ])
  })

  test.each(['@E', '@H', '@B'])('forbids encodingStyle on %s', async (element) => {
    const pattern = '<@E><@H></@H><@B>@C</@B></@E>'.replace(
      `<${element}`,
      `<${element} s:encodingStyle="urn:x"`,
    )
    const reply = await post(server.url, '1.2', document('1.2', pattern))
    expect(reply.status).toBe(400)
    expect(faultOf(reply, '1.2')?.code).toBe('Sender')
  })

  test.each(['@H', '@B'])('forbids unqualified attributes on %s', async (element) => {
    const pattern = '<@E><@H></@H><@B>@C</@B></@E>'.replace(`<${element}`, `<${element} id="__proto__"`)
    expect(faultOf(await post(server.url, '1.2', document('1.2', pattern)), '1.2')?.code).toBe('Sender')
  })

  test('answers an encoding that it does not know with DataEncodingUnknown', async () => {
    const call = CALL.replace('<t:remove_spaces', '<t:remove_spaces s:encodingStyle="urn:x"')
    const reply = await post(server.url, '1.2', envelope('1.2', call))
    expect(reply.status).toBe(500)
    expect(faultOf(reply, '1.2')?.code).toBe('DataEncodingUnknown')
  })
})

describe('SOAP 1.1 alone', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  test('takes the encodingStyle that older toolkits put on everything', async () => {
    const style = 's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    const pattern = `<@E ${style}><@B ${style}>${CALL.replace('<t:remove_spaces', `<t:remove_spaces ${style}`)}</@B></@E>`
    expect(resultOf(await post(server.url, '1.1', document('1.1', pattern)), 'remove_spaces')).toBe('a b')
  })

  test('has no detail in a fault about the header (4.4)', async () => {
    const header = '<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header>'
    const reply = await post(server.url, '1.1', envelope('1.1', CALL, header))
    expect(reply.text).not.toContain('<detail')
    expect(reply.headers['x-correlation-id']).toBe(server.failures.at(-1)?.correlationId)
  })

  test('takes a root that is no Envelope for a fault of the sender, not of the version', async () => {
    expect(faultOf(await post(server.url, '1.1', '<nonsense/>'), '1.1')?.code).toBe('Client')
  })
})
