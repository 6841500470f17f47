import { textPortType } from '../../src/port-types/text.ts'
import { readContract } from '../../src/soap/contract.ts'
import { createSoapEndpoint } from '../../src/soap/endpoint.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import { createSecurityHandler, type UsernameToken, WSSE, WSU } from '../../src/soap/ws-security.ts'
import { type Answer, readAnswer, VERSIONS, type Version } from '../support/messaging-calls.ts'
import { SOMEBODY } from './callers.ts'
import { envelope, removeSpaces, WSDL_PATH } from './text-server.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z')
const PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0'
const BASE64 =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary'

/** Seconds from now, as wsu:Created and Expires have them. */
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString()
const created = (seconds: number) => `<u:Created>${at(seconds)}</u:Created>`
const expires = (seconds: number) => `<u:Expires>${at(seconds)}</u:Expires>`
const timestamp = (...inside: readonly string[]) => `<u:Timestamp u:Id="t">${inside.join('')}</u:Timestamp>`
const nonce = (bytes: string) => `<w:Nonce EncodingType="${BASE64}">${bytes}</w:Nonce>`
const token = (...more: readonly string[]) =>
  `<w:UsernameToken u:Id="x"><w:Username>ada</w:Username><w:Password>secret</w:Password>${more.join('')}</w:UsernameToken>`

/** An endpoint of the text service that understands wsse:Security, and what its operations got. */
async function openEndpoint(options: { now?: () => number; nonces?: number } = {}) {
  const security = createSecurityHandler({ now: () => NOW, ...options })
  const tokens: (UsernameToken | undefined)[] = []
  const endpoint = createSoapEndpoint({
    contract: await readContract({ wsdlPath: WSDL_PATH }),
    portType: {
      ...textPortType,
      async remove_spaces({ string }: { readonly string: string }, context) {
        const token = context.header(security)
        tokens.push(token)
        const check = async () => {
          if (token?.password === 'wrong') throw new Error('no')
          return { remove_spacesResult: string }
        }
        return token === undefined ? check() : token.once(check)
      },
    } satisfies Parameters<typeof createSoapEndpoint>[0]['portType'],
    headers: [security],
    limits: DEFAULT_SOAP_LIMITS,
  })

  async function call(version: Version, inside: string, attributes = '', more = ''): Promise<Answer> {
    const block = `<w:Security xmlns:w="${WSSE}" xmlns:u="${WSU}" s:mustUnderstand="1"${attributes}>${inside}</w:Security>`
    const response = await endpoint.handle({
      caller: SOMEBODY,
      contentType: version === '1.1' ? 'text/xml' : 'application/soap+xml',
      contentEncoding: undefined,
      acceptEncoding: undefined,
      soapAction: undefined,
      body: Buffer.from(envelope(version, removeSpaces('a'), `<s:Header>${block}${more}</s:Header>`)),
    })
    return readAnswer(response.status, String(response.body))
  }
  return { call, tokens }
}

describe.each(VERSIONS)('wsse:Security in SOAP %s', (version) => {
  /** The code that WS-Security names, in the place where this version has it; the prefix is declared there. */
  function codeOf({ fault, xml }: Answer): string | undefined {
    if (fault === undefined) return undefined
    const [, namespace, local] = /<(?:faultcode|soap:Value) xmlns:code="([^"]*)">code:(\w+)</.exec(xml) ?? []
    expect(fault.code).toBe(version === '1.1' ? local : 'Sender')
    expect(fault.subcode).toBe(version === '1.1' ? undefined : local)
    return `${namespace === WSU ? 'wsu' : namespace === WSSE ? 'wsse' : namespace}:${local}`
  }

  test('gives the operation the name and the password as they are', async () => {
    const { call, tokens } = await openEndpoint()
    const inside = `<w:UsernameToken><w:Username> zoë &amp;</w:Username><w:Password Type="${PROFILE}#PasswordText"> p\t</w:Password></w:UsernameToken>`
    expect((await call(version, inside)).status).toBe(200)
    expect(tokens).toMatchObject([{ username: ' zoë &', password: ' p\t' }])
    await call(version, '<w:UsernameToken><w:Username>eve</w:Username></w:UsernameToken>')
    expect(tokens[1]).toMatchObject({ username: 'eve', password: undefined })
  })

  test('without a token, but with a Timestamp that is right, is no token', async () => {
    const { call, tokens } = await openEndpoint()
    expect((await call(version, timestamp(created(0), expires(300)))).status).toBe(200)
    expect((await call(version, '')).status).toBe(200)
    expect(tokens).toEqual([undefined, undefined])
  })

  test('for another role is none of ours', async () => {
    const { call, tokens } = await openEndpoint()
    const role = version === '1.1' ? ' s:actor="urn:other"' : ' s:role="urn:other"'
    expect((await call(version, '<w:Unknown/>', role)).status).toBe(200)
    expect(tokens).toEqual([undefined])
  })

  test.each([
    [
      'a digest, and says why',
      token().replace('<w:Password>', `<w:Password Type="${PROFILE}#PasswordDigest">`),
      'wsse:UnsupportedSecurityToken',
      /stores none/,
    ],
    [
      'another type of password',
      token().replace('<w:Password>', '<w:Password Type="urn:x">'),
      'wsse:UnsupportedSecurityToken',
      /PasswordText/,
    ],
    ['another token', '<w:BinarySecurityToken/>', 'wsse:UnsupportedSecurityToken', /BinarySecurityToken/],
    [
      'a SAML assertion',
      '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/>',
      'wsse:UnsupportedSecurityToken',
      /UsernameToken/,
    ],
    [
      'a signature',
      '<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"/>',
      'wsse:UnsupportedAlgorithm',
      /https/,
    ],
    [
      'what is encrypted',
      '<e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"/>',
      'wsse:UnsupportedAlgorithm',
      /https/,
    ],
    ['two tokens', token() + token(), 'wsse:InvalidSecurity', /two/],
    ['two Timestamps', timestamp(created(0)) + timestamp(created(0)), 'wsse:InvalidSecurity', /two/],
    [
      'a token without a name',
      '<w:UsernameToken><w:Password>x</w:Password></w:UsernameToken>',
      'wsse:InvalidSecurityToken',
      /Username/,
    ],
    ['a token with two names', token('<w:Username>bob</w:Username>'), 'wsse:InvalidSecurity', /two/],
    ['a token with two passwords', token('<w:Password>x</w:Password>'), 'wsse:InvalidSecurity', /two/],
    ['a token with something else', token('<x:y xmlns:x="urn:x"/>'), 'wsse:InvalidSecurityToken', /<y>/],
    [
      'elements in a name',
      '<w:UsernameToken><w:Username>a<b/></w:Username></w:UsernameToken>',
      'wsse:InvalidSecurityToken',
      /text only/,
    ],
    [
      'names of another namespace',
      '<UsernameToken><Username>ada</Username></UsernameToken>',
      'wsse:UnsupportedSecurityToken',
      /UsernameToken/,
    ],
    ['a message of six minutes ago', token(created(-301)), 'wsu:MessageExpired', /new message/],
    ['a message of in two minutes', token(created(61)), 'wsse:InvalidSecurity', /clocks/],
    [
      'a time without a zone',
      token('<u:Created>2026-01-31T12:00:00</u:Created>'),
      'wsse:InvalidSecurity',
      /UTC/,
    ],
    [
      'a time that is none',
      token('<u:Created>2026-02-30T12:00:00Z</u:Created>'),
      'wsse:InvalidSecurity',
      /UTC/,
    ],
    ['a Nonce without Created', token(nonce('AAAA')), 'wsse:InvalidSecurityToken', /Created/],
    [
      'a Nonce in another encoding',
      token('<w:Nonce EncodingType="urn:hex">AA</w:Nonce>', created(0)),
      'wsse:InvalidSecurityToken',
      /Base64Binary/,
    ],
    ['a Timestamp that has expired', timestamp(created(-200), expires(-61)), 'wsu:MessageExpired', /expired/],
    ['a Timestamp of long ago without an end', timestamp(created(-301)), 'wsu:MessageExpired', /new message/],
    ['a Timestamp of the future', timestamp(created(61)), 'wsse:InvalidSecurity', /future/],
    [
      'a Timestamp that ends before it begins',
      timestamp(created(10), expires(5)),
      'wsse:InvalidSecurity',
      /before/,
    ],
    ['a Timestamp with two ends', timestamp(expires(10), expires(20)), 'wsse:InvalidSecurity', /two/],
    ['a Timestamp with something else', timestamp('<u:Other/>'), 'wsse:InvalidSecurity', /<Other>/],
  ])('refuses %s', async (_what, inside, code, reason) => {
    const { call, tokens } = await openEndpoint()
    const answer = await call(version, inside)
    expect(codeOf(answer)).toBe(code)
    expect(answer.fault?.reason).toMatch(reason)
    expect(answer.status).toBe(version === '1.1' ? 500 : 400)
    // A fault about a header has no detail in SOAP 1.1 (4.4).
    expect(answer.fault?.name).toBe(version === '1.1' ? undefined : 'problem')
    expect(tokens).toEqual([])
  })

  test.each(['!', '', 'AAAAA', 'AA=', 'AAA==', 'A'])(
    'refuses a Nonce that is no base64: %j',
    async (text) => {
      const { call } = await openEndpoint()
      expect(codeOf(await call(version, token(nonce(text), created(0))))).toBe('wsse:InvalidSecurityToken')
    },
  )

  test('refuses two Security headers for us', async () => {
    const { call } = await openEndpoint()
    const answer = await call(version, token(), '', `<w:Security xmlns:w="${WSSE}"/>`)
    expect(codeOf(answer)).toBe('wsse:InvalidSecurity')
  })

  test('takes clocks that are a little off, and zones', async () => {
    const { call } = await openEndpoint()
    for (const inside of [
      token(created(59)),
      token(created(-300)),
      timestamp(created(59), expires(59)),
      timestamp(created(-300), expires(-59)),
      token('<u:Created>2026-01-31T13:00:00.123456+01:00</u:Created>'),
    ]) {
      expect((await call(version, inside)).status).toBe(200)
    }
  })

  test('takes a Nonce once for a user, however it is spelled, until its message is too old anyway', async () => {
    let time = NOW
    const { call } = await openEndpoint({ now: () => time })
    const message = token(nonce('AAECAw=='), created(0))
    expect((await call(version, message)).status).toBe(200)
    expect(codeOf(await call(version, message))).toBe('wsse:InvalidSecurity')
    expect(codeOf(await call(version, message.replace('AAECAw==', ' AAECAw ')))).toBe('wsse:InvalidSecurity')
    expect((await call(version, message.replace('>ada<', '>bob<'))).status).toBe(200)
    time += 300_000
    expect(codeOf(await call(version, message))).toBe('wsse:InvalidSecurity')
    time += 1_000
    expect(codeOf(await call(version, message))).toBe('wsu:MessageExpired')
  })

  test('gives a Nonce back when the password was wrong, and of two at the same time takes one', async () => {
    const { call } = await openEndpoint()
    const message = token(nonce('AAAA'), created(0))
    expect((await call(version, message.replace('secret', 'wrong'))).status).toBe(500)
    const both = await Promise.all([call(version, message), call(version, message)])
    expect(both.map(codeOf).sort()).toEqual(['wsse:InvalidSecurity', undefined])
  })

  test('refuses a Nonce that it has no room to remember', async () => {
    const { call } = await openEndpoint({ nonces: 1 })
    await call(version, token(nonce('AAAA'), created(0)))
    const answer = await call(version, token(nonce('BBBB'), created(0)))
    expect(answer).toMatchObject({ status: 500, fault: { reason: expect.stringContaining('nonces') } })
    expect((await call(version, token())).status).toBe(200)
  })
})
