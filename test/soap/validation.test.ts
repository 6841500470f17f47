import {
  envelope,
  faultOf,
  ORIGINAL,
  openTextServer,
  post,
  remove,
  removeSpaces,
  resultOf,
  TEXT,
  type TextServer,
  VERSION_NAMES,
  VERSIONS,
} from './text-server.ts'

const open = `<t:remove_spaces xmlns:t="${TEXT}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema">`
const close = '</t:remove_spaces>'

describe.each(VERSION_NAMES)('a SOAP %s request is held against the schema', (version) => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  test.each([
    ['an unknown element', `${open}<t:other/>${close}`, 'remove_spaces/other'],
    ['a missing element', `${open}${close}`, 'remove_spaces/string'],
    ['a repeated element', `${open}<t:string/><t:string/>${close}`, 'remove_spaces/string'],
    ['an element after the last', `${open}<t:string/><t:more/>${close}`, 'remove_spaces/more'],
    ['the element in no namespace', `${open}<string/>${close}`, 'remove_spaces/string'],
    [
      'the element in another namespace',
      `${open}<string xmlns="${ORIGINAL}"/>${close}`,
      'remove_spaces/string',
    ],
    ['a stray attribute', `${open}<t:string a="1"/>${close}`, 'string'],
    ['an attribute named __proto__', `${open}<t:string __proto__="1"/>${close}`, 'string'],
    ['an attribute in a namespace', `${open}<t:string t:a="1"/>${close}`, 'string'],
    ['text where none belongs', `${open}text<t:string/>${close}`, 'remove_spaces'],
    ['an element in a string', `${open}<t:string>a<t:b/>c</t:string>${close}`, 'string/b'],
    ['an element named constructor', `${open}<t:constructor/>${close}`, 'remove_spaces/constructor'],
    ['nil where the contract has none', `${open}<t:string xsi:nil="true"/>${close}`, 'string'],
    ['a type that is not its type', `${open}<t:string xsi:type="xs:int">1</t:string>${close}`, 'string'],
    ['a type with an undeclared prefix', `${open}<t:string xsi:type="q:string"/>${close}`, 'string'],
  ])('%s is a fault that says where', async (_, body, location) => {
    const reply = await post(server.url, version, envelope(version, body))
    expect(reply.status).toBe(VERSIONS[version].senderStatus)
    const fault = faultOf(reply, version)
    expect(fault?.code).toBe(VERSIONS[version].sender)
    expect(fault?.location).toBe(location)
  })

  test('an element named __proto__ as the operation is only unknown', async () => {
    const reply = await post(server.url, version, envelope(version, `<t:__proto__ xmlns:t="${TEXT}"/>`))
    expect(faultOf(reply, version)?.reason).toContain('there is no operation <__proto__>')
  })

  test('blanks, comments, xsi:type and xsi:schemaLocation that are right change nothing', async () => {
    const body = `${open}
      <!-- here --> <t:string xsi:type="xs:string" xsi:schemaLocation="urn:a b">  a<!-- not this -->  b </t:string>
    ${close}`
    expect(resultOf(await post(server.url, version, envelope(version, body)), 'remove_spaces')).toBe('a b')
  })

  test.each([['<string xsi:nil="true"/>'], ['<string xsi:nil=" 1 "></string>'], ['']])(
    'remove takes nothing, written as "%s", and answers nil',
    async (content) => {
      const reply = await post(server.url, version, envelope(version, remove(content)))
      expect(reply.status).toBe(200)
      expect(reply.text).toMatch(/<removeResult [^>]*xsi:nil="true"\/>/)
    },
  )

  test('remove answers the empty string with the empty string', async () => {
    const reply = await post(server.url, version, envelope(version, remove('<string xsi:nil="false"/>')))
    expect(reply.text).toContain('<removeResult></removeResult>')
  })

  test.each([
    '<string xsi:nil="true">a</string>',
    '<string xsi:nil="true"> </string>',
    '<string xsi:nil="yes"/>',
  ])('a nil that is not empty or not a boolean is a fault: %s', async (content) => {
    const reply = await post(server.url, version, envelope(version, remove(content)))
    expect(faultOf(reply, version)?.code).toBe(VERSIONS[version].sender)
  })

  test('what a fault quotes is escaped and short', async () => {
    const name = 'n'.repeat(5000)
    const long = await post(
      server.url,
      version,
      envelope(version, `<${name} xmlns="urn:&lt;script>&quot;"/>`),
    )
    expect(faultOf(long, version)?.reason).toContain('urn:<script>"')
    expect(long.text).not.toContain('<script')
    expect(long.text.length).toBeLessThan(1500)
  })
})

describe('what goes wrong inside', () => {
  test.each(VERSION_NAMES)(
    'is a %s fault of the receiver without a word about the inside',
    async (version) => {
      const cause = new Error('secret of /srv/secret.ts')
      const server = await openTextServer({
        portType: {
          remove_spaces: () => {
            throw cause
          },
          remove: async () => Promise.reject(cause),
        },
      })
      try {
        for (const body of [removeSpaces('a'), remove('<string/>')]) {
          const reply = await post(server.url, version, envelope(version, body))
          const fault = faultOf(reply, version)
          expect(reply.status).toBe(500)
          expect(fault?.code).toBe(VERSIONS[version].receiver)
          expect(reply.text).not.toMatch(/secret|\.ts|at /)
          expect(fault?.correlationId).toMatch(/^[0-9a-f-]{36}$/)
          const logged = server.failures.at(-1)
          expect(logged?.correlationId).toBe(fault?.correlationId)
          expect(logged?.cause).toBe(cause)
          expect(reply.headers['x-correlation-id']).toBe(fault?.correlationId)
        }
      } finally {
        await server.close()
      }
    },
  )

  test.each([
    ['is no text', () => ({ remove_spacesResult: 1 })],
    ['is missing', () => ({})],
    ['is nil', () => ({ remove_spacesResult: null })],
    ['is nothing', () => undefined],
    ['has a character that XML cannot carry', () => ({ remove_spacesResult: 'a\0b' })],
    ['has half a surrogate pair', () => ({ remove_spacesResult: 'a\ud800b' })],
  ])('a result that %s is never sent: a fault of the receiver', async (_, broken) => {
    const server = await openTextServer({ portType: { remove_spaces: broken, remove: () => ({}) } })
    try {
      const reply = await post(server.url, '1.2', envelope('1.2', removeSpaces('a')))
      expect(faultOf(reply, '1.2')?.code).toBe('Receiver')
    } finally {
      await server.close()
    }
  })

  test('an asynchronous operation is awaited', async () => {
    const server = await openTextServer({
      portType: {
        remove_spaces: async ({ string }: { string: string }) => ({
          remove_spacesResult: string.toUpperCase(),
        }),
        remove: () => ({}),
      },
    })
    try {
      const reply = await post(server.url, '1.1', envelope('1.1', removeSpaces('a')))
      expect(resultOf(reply, 'remove_spaces')).toBe('A')
    } finally {
      await server.close()
    }
  })
})
