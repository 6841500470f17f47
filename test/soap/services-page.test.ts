import supertest from 'supertest'
import { readContract } from '../../src/soap/contract.ts'
import { createSoapEndpoint } from '../../src/soap/endpoint.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import type { SoapStream } from '../../src/soap/soap-stream.ts'
import type { ServiceDescription } from '../../src/web/service-description.ts'
import { type Browser, type BrowserPage, openBrowser } from '../support/browser.ts'
import { describeWith } from '../support/describe-with.ts'
import { readLetters } from './letters-contract.ts'
import { openTextServer, type TextServer, WSDL_PATH } from './text-server.ts'

/** A contract with all that a form must be able to write. */
const EVERYTHING = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:letters" xmlns:p="urn:people" xmlns:xmime="http://www.w3.org/2005/05/xmlmime" targetNamespace="urn:letters" elementFormDefault="qualified">
  <xs:import namespace="urn:people" schemaLocation="people.xsd"/>
  <xs:simpleType name="Colour"><xs:restriction base="xs:string"><xs:enumeration value="red"/><xs:enumeration value="blue"/></xs:restriction></xs:simpleType>
  <xs:complexType name="Page">
    <xs:sequence>
      <xs:element name="line" type="xs:string" maxOccurs="unbounded"/>
      <xs:choice><xs:element name="number" type="xs:int"/><xs:element name="word" type="p:Name" nillable="true"/></xs:choice>
      <xs:element name="inset" type="t:Page" minOccurs="0"/>
    </xs:sequence>
    <xs:attribute name="colour" type="t:Colour" use="required"/>
  </xs:complexType>
  <xs:element name="Send"><xs:complexType><xs:sequence>
    <xs:element name="page" type="t:Page"/>
    <xs:element name="seal" type="t:Colour"/>
    <xs:element name="urgent" type="xs:boolean"/>
    <xs:element name="note" type="xs:string" minOccurs="0" nillable="true"/>
    <xs:element ref="p:noSuchPerson" minOccurs="0"/>
    <xs:element name="at" type="xs:dateTime"/>
    <xs:element name="picture" type="xs:base64Binary" minOccurs="0" xmime:expectedContentTypes="*/*"/>
    <xs:element name="sketch" type="xs:base64Binary" minOccurs="0" xmime:expectedContentTypes="*/*"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="SendResponse"><xs:complexType><xs:sequence><xs:element name="said" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>`

describeWith('chromium')('the services page', () => {
  let server: TextServer
  let browser: Browser
  let page: BrowserPage
  const got: unknown[] = []
  const files: unknown[] = []

  beforeAll(async () => {
    const letters = await readLetters({ '/letters/letters.xsd': EVERYTHING })
    const endpoint = createSoapEndpoint({
      contract: letters,
      portType: {
        async Send(
          { picture, sketch, ...input }: Readonly<Record<string, SoapStream | undefined>>,
          { authorization }: { readonly authorization: string | undefined },
        ) {
          for (const stream of [picture, sketch]) {
            if (stream === undefined) continue
            const chunks: Uint8Array[] = []
            for await (const chunk of stream.stream()) chunks.push(chunk)
            files.push({ type: stream.mediaType, bytes: [...Buffer.concat(chunks)] })
          }
          got.push({ input, authorization })
          return { said: '</said><img src=x onerror=alert(1)><script>alert(1)</script>' }
        },
      },
      limits: DEFAULT_SOAP_LIMITS,
    })
    const services = new Map<string, ServiceDescription>([
      ['/', await readContract({ wsdlPath: WSDL_PATH })],
      ['/letters', { ...letters, credentials: true }],
    ])
    server = await openTextServer({ web: { services }, others: new Map([['/letters', endpoint]]) })
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await server.close()
  })
  beforeEach(async () => {
    got.length = 0
    files.length = 0
    page = await browser.open()
    await page.goto(`${server.url}/letters`)
  })
  afterEach(() => expect(page.complaints).toEqual([]))

  const form = (name: string) => `document.querySelector('form[aria-label="Try ${name}"]')`
  /** Opens an operation's form, does this to it (`form`), sends it, and gives the status and the body that are shown. */
  async function call(name: string, change = ''): Promise<{ status: string; body: string; sent: string }> {
    return await page.evaluate(`(async () => {
      const form = ${form(name)}
      const fields = form.closest('section').querySelector('[data-credentials]')
      form.closest('[data-trial]').open = true
      const set = (control, value) => { control.value = value; control.dispatchEvent(new Event('input', { bubbles: true })) }
      ${change}
      const sent = form.querySelector('[data-request]').value
      const status = form.querySelector('[data-status]')
      const answered = new Promise((resolve) => {
        new MutationObserver(() => /^[0-9N]/.test(status.textContent) && resolve()).observe(status, { childList: true, characterData: true, subtree: true })
      })
      form.requestSubmit()
      await answered
      return { sent, status: status.textContent, body: form.querySelector('[data-body]').textContent }
    })()`)
  }

  test('lists services, ports, operations with what they take and give, and faults, also without JavaScript', async () => {
    const { text } = await supertest(server.url).get('/letters')
    for (const word of [
      'TextSoap11',
      'TextSoap12',
      'application/soap+xml',
      'Letters12',
      'remove_spacesResult',
    ]) {
      expect(text).toContain(word)
    }
    expect(text).toContain('href="./letters?wsdl"')
    await page.allowScripts(false)
    await page.goto(server.url)
    const shown = await page.evaluate<string>('document.body.innerText')
    for (const word of [
      'Without JavaScript',
      'Removes all extra blank space',
      'string xs:string, optional, may be nil',
    ]) {
      expect(shown).toContain(word)
    }
    expect(shown).toContain('seal Colour (xs:string): red, blue')
    expect(shown).not.toContain('Try it')
    await page.allowScripts(true)
  })

  test.each(['1.1', '1.2'])(
    'calls an operation in SOAP %s and shows status, headers and the answer',
    async (version) => {
      const answer = await call('remove_spaces', `set(form.querySelector('[data-version]'), '${version}')`)
      expect(answer.status).toBe('200 OK')
      expect(answer.body).toContain('\n      <remove_spacesResult>two words</remove_spacesResult>\n')
      const headers = await page.evaluate(
        `${form('remove_spaces')}.querySelector('[data-headers]').textContent`,
      )
      expect(headers).toContain(
        version === '1.1' ? 'content-type: text/xml' : 'content-type: application/soap+xml',
      )
    },
  )

  test('writes texts so that the server gets exactly them', async () => {
    const answer = await call(
      'remove',
      `set(form.querySelector('[data-text]'), '<b>&amp;</b> ]]> "\\t\\u00e9\\ud83d\\ude00')`,
    )
    expect(answer.body).toContain('<removeResult>&lt;b&gt;&amp;amp;&lt;/b&gt; ]]&gt; "\té😀</removeResult>')
  })

  test('sends the request as it was changed, and shows a fault as one', async () => {
    const answer = await call('remove_spaces', `form.querySelector('[data-request]').value = '<no/>'`)
    expect(answer.status).toBe('500 Internal Server Error')
    expect(answer.body).toContain('<faultstring>the root must be a SOAP Envelope</faultstring>')
  })

  test('an empty form of any contract is a valid request', async () => {
    expect((await call('Send')).status).toBe('200 OK')
    expect(got).toEqual([
      {
        input: {
          page: { colour: 'red', line: ['  two   words  '], number: expect.any(Number) },
          seal: 'red',
          urgent: true,
          at: expect.any(String),
        },
        authorization: undefined,
      },
    ])
  })

  test('choices, enumerations, repeated, optional and nil elements, attributes and types within themselves are written', async () => {
    await call(
      'Send',
      `set(form.querySelector('[data-chosen]'), 1)
       set(form.querySelector('[data-element="word"] [data-text]'), 'abc')
       form.querySelector('[data-add]').click()
       set(form.querySelectorAll('[data-element="line"] [data-text]')[1], 'second')
       set(form.querySelector('[data-attribute="colour"]'), 'blue')
       set(form.querySelector('[data-element="inset"] > [data-state]'), 'given')
       set(form.querySelector('[data-element="noSuchPerson"] > [data-state]'), 'given')
       set(form.querySelector('[data-element="noSuchPerson"] [data-element="name"] [data-text]'), 'nobody')
       set(form.querySelector('[data-element="urgent"] [data-text]'), 'false')
       set(form.querySelector('[data-element="note"] > [data-state]'), 'nil')`,
    )
    expect(got).toMatchObject([
      {
        input: {
          page: {
            colour: 'blue',
            line: ['  two   words  ', 'second'],
            word: 'abc',
            inset: { colour: 'red' },
          },
          urgent: false,
          note: null,
          noSuchPerson: { name: 'nobody' },
        },
      },
    ])
  })

  /** What does as if a person had chosen a file for an element. */
  const choose = (element: string, bytes: readonly number[], type: string) => `{
    const chosen = new DataTransfer()
    chosen.items.add(new File([new Uint8Array(${JSON.stringify(bytes)})], 'plan é.bin', { type: '${type}' }))
    const input = form.querySelector('[data-element="${element}"] [data-file]')
    input.files = chosen.files
    input.dispatchEvent(new Event('input', { bubbles: true }))
  }`
  const BYTES = [...Array.from({ length: 256 }, (_, byte) => byte), ...Buffer.from('\r\n--page-\r\n--')]

  test.each(['1.1', '1.2'])(
    'sends files that were chosen, as parts of their own, in SOAP %s',
    async (version) => {
      const { sent, status } = await call(
        'Send',
        `set(form.querySelector('[data-version]'), '${version}')
       ${choose('picture', BYTES, 'image/png')}
       ${choose('sketch', [], '')}`,
      )
      expect(status).toBe('200 OK')
      expect(sent.match(/<(?:picture|sketch)><xop:Include [^>]*href="cid:[^"]*"\/></g)).toHaveLength(2)
      expect(files).toEqual([
        { type: 'image/png', bytes: BYTES },
        { type: 'application/octet-stream', bytes: [] },
      ])
    },
  )

  test('sends base64 text where no file was chosen, and no file that the request does not refer to', async () => {
    await call(
      'Send',
      `${choose('picture', BYTES, 'image/png')}
       set(form.querySelector('[data-element="sketch"] [data-text]'), 'QUI=')
       const request = form.querySelector('[data-request]')
       request.value = request.value.replace(/<xop:Include[^>]*>/, 'QQ==')`,
    )
    expect(files).toEqual([
      { type: undefined, bytes: [65] },
      { type: undefined, bytes: [65, 66] },
    ])
  })

  test('markup and script in an answer are text', async () => {
    const answer = await call('Send')
    expect(answer.body).toContain('&lt;script&gt;')
    expect(await page.evaluate(`document.querySelectorAll('[data-body] *').length`)).toBe(0)
  })

  test.each([
    ['basic', `Basic ${Buffer.from('ada:pässword<').toString('base64')}`],
    ['bearer', 'Bearer pässword<'],
  ])('says who calls by HTTP %s', async (scheme, authorization) => {
    const secret = scheme === 'basic' ? 'pässword<' : 'token.1'
    await call(
      'Send',
      `set(fields.querySelector('[data-scheme]'), '${scheme}')
       set(fields.querySelector('[data-user]'), 'ada')
       set(fields.querySelector('[data-password]'), '${secret}')`,
    )
    const wanted = scheme === 'basic' ? authorization : 'Bearer token.1'
    expect(got).toMatchObject([{ authorization: wanted }])
  })

  test('says who calls by a UsernameToken, whose password is not shown', async () => {
    const { sent, body } = await call(
      'Send',
      `set(fields.querySelector('[data-scheme]'), 'token')
       set(fields.querySelector('[data-user]'), 'a<b')
       set(fields.querySelector('[data-password]'), 'sec$&ret')`,
    )
    expect(sent).toContain('<wsse:Username>a&#60;b</wsse:Username>')
    expect(sent).toContain('>{password}</wsse:Password>')
    expect(sent).not.toContain('sec$')
    // This service understands no such block.
    expect(body).toContain('these header blocks are not understood: Security')
  })

  test('is used by keyboard alone, and every field has a name', async () => {
    await page.goto(server.url)
    const at = (what: string) => page.evaluate<boolean>(`document.activeElement.matches('${what}')`)
    const tabTo = async (what: string) => {
      for (let presses = 0; presses < 40 && !(await at(what)); presses++) await page.press('Tab')
      expect(await at(what)).toBe(true)
    }
    await tabTo('article[id="Text.remove_spaces"] [data-trial] > summary')
    await page.press('Enter')
    await tabTo('[data-text]')
    await page.type(' by   keys ')
    await tabTo('[data-send]')
    await page.press('Space')
    const body = `${form('remove_spaces')}.querySelector('[data-body]').textContent`
    await page.until(`${body} !== ''`)
    expect(await page.evaluate(body)).toContain('by keys')
    const nameless = `[...document.querySelectorAll('input, select, textarea')].filter((one) => one.labels.length === 0 && !one.ariaLabel).length`
    expect(await page.evaluate(nameless)).toBe(0)
  })

  test.each([true, false])('fits a narrow screen, with text that can be read (dark: %s)', async (dark) => {
    await page.evaluate(`for (const one of document.querySelectorAll('details')) one.open = true`)
    await page.emulate({ width: 320, dark })
    expect(await page.evaluate(`document.documentElement.scrollWidth <= innerWidth`)).toBe(true)
    const luminance = (what: string) =>
      page.evaluate<number>(
        `getComputedStyle(document.body).${what}.match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0)`,
      )
    expect((await luminance('backgroundColor')) < (await luminance('color'))).toBe(dark)
  })
})

describe('what guards the page', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  test('it runs its own script, calls its own server, and nothing else', async () => {
    const { headers, text } = await supertest(server.url).get('/')
    const policy = headers['content-security-policy'] ?? ''
    for (const word of [
      "default-src 'none'",
      "script-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
    ]) {
      expect(policy).toContain(word)
    }
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(text.match(/<script\b[^>]*>/g)).toEqual(['<script type="module" src="./try.js">'])
    expect(text).not.toMatch(/\son\w+=|\sstyle=|javascript:/)
  })

  test('the script has a type of its own, an ETag and HEAD', async () => {
    const { status, headers, text } = await supertest(server.url).get('/try.js')
    expect([status, headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8'])
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/)
    const etag = headers.etag ?? ''
    expect((await supertest(server.url).get('/try.js').set('If-None-Match', etag)).status).toBe(304)
    expect((await supertest(server.url).head('/try.js')).status).toBe(200)
  })

  test.each(['text/xml', 'application/soap+xml', 'text/plain'])(
    'a page elsewhere cannot call with %s: no answer grants it anything',
    async (type) => {
      const origin = { Origin: 'http://evil.example' }
      const asked = {
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type',
      }
      const preflight = await supertest(server.url)
        .options('/')
        .set({ ...origin, ...asked })
      expect(preflight.status).toBe(405)
      const reply = await supertest(server.url)
        .post('/')
        .set({ ...origin, 'Content-Type': type })
        .send('<a/>')
      // What a page can send without asking is no SOAP.
      expect(reply.status).toBe(type === 'text/plain' ? 415 : reply.status)
      for (const { headers } of [preflight, reply, await supertest(server.url).get('/?wsdl').set(origin)]) {
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      }
    },
  )
})
