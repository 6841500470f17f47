import { connect } from 'node:net'
import supertest from 'supertest'
import { readContract } from '../../src/soap/contract.ts'
import { escapeHtml } from '../../src/web/html.ts'
import { createWebApp } from '../../src/web/web-app.ts'
import { openTextServer, type TextServer } from './text-server.ts'

/** The addresses in a WSDL. */
function addresses(wsdl: string): string[] {
  return [...wsdl.matchAll(/address location="([^"]*)"/g)].map(([, address]) => address ?? '')
}

async function wsdlAddress(
  server: TextServer,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const reply = await supertest(server.url).get('/?wsdl').set(headers).buffer(true)
  expect(reply.status).toBe(200)
  const [first, second] = addresses(reply.text)
  expect(second).toBe(first)
  return first ?? ''
}

describe('what a browser or a tool opens', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  test('/ is a page that lists the service, its operations, a request to try and the WSDL', async () => {
    const { status, type, text } = await supertest(server.url).get('/')
    expect([status, type]).toEqual([200, 'text/html'])
    for (const { name, documentation } of server.contract.operations) {
      expect(text).toContain(`<h3>${name}</h3>`)
      expect(text).toContain(documentation.slice(0, 20))
    }
    expect(text).toContain('href="./?wsdl"')
    expect(text).toContain('curl ')
  })

  test('the request that the page shows is answered', async () => {
    for (const { sample, action } of server.contract.operations) {
      const reply = await supertest(server.url)
        .post('/')
        .set({ 'Content-Type': 'text/xml', SOAPAction: `"${action}"` })
        .buffer(true)
        .send(sample)
      expect(reply.status).toBe(200)
    }
  })

  test.each(['text', 'messaging'])(
    'the documentation of each operation of the %s service has an example, and the page shows it',
    async (name) => {
      const contract = await readContract({ wsdlPath: `wsdl/${name}.wsdl` })
      const app = createWebApp({ services: new Map([['/', contract]]), failure: () => undefined })
      const { text } = await supertest(app).get('/')
      for (const { documentation } of contract.operations) {
        const [example = 'none'] = /\bExample\b.*$/s.exec(documentation) ?? []
        expect(text).toContain(escapeHtml(example))
      }
    },
  )

  test.each(['/?wsdl', '/?WSDL', '/?singleWsdl', '/?wsdl=text.wsdl'])('%s is the contract', async (path) => {
    const reply = await supertest(server.url).get(path).buffer(true)
    expect(reply.type).toBe('text/xml')
    expect(reply.text).toContain('<wsdl:definitions')
  })

  test('the contract gives the address that the caller used', async () => {
    expect(await wsdlAddress(server)).toBe(`${server.url}/`)
    expect(await wsdlAddress(server, { Host: `localhost:${server.port}` })).toBe(
      `http://localhost:${server.port}/`,
    )
    expect(await wsdlAddress(server, { Host: '[::1]:8080' })).toBe('http://[::1]:8080/')
  })

  test.each(['a"b', 'a/b', 'a b', 'user@host', '-', 'a:b', 'a:99999', '<script>', 'é', 'a#b', 'a?b'])(
    'a Host that is none, %j, is not repeated',
    async (host) => {
      expect(await wsdlAddress(server, { Host: Buffer.from(host).toString('latin1') })).toBe(`${server.url}/`)
    },
  )

  test('X-Forwarded headers are nobody’s unless a proxy is trusted', async () => {
    const forged = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' }
    expect(await wsdlAddress(server, forged)).toBe(`${server.url}/`)
  })

  test('the contract of one caller is not cached for another', async () => {
    const reply = await supertest(server.url).get('/?wsdl')
    expect(reply.headers['cache-control']).toBe('private, no-cache')
    expect(reply.headers.vary).toContain('Host')
  })

  test('the contract has an ETag of what it says, and HEAD', async () => {
    const first = await supertest(server.url).get('/?wsdl')
    const etag = first.headers.etag ?? ''
    expect(etag).toMatch(/^(W\/)?"/)
    expect((await supertest(server.url).get('/?wsdl').set('If-None-Match', etag)).status).toBe(304)
    const other = { 'If-None-Match': etag, Host: 'other.example' }
    expect((await supertest(server.url).get('/?wsdl').set(other)).status).toBe(200)
    const head = await supertest(server.url).head('/?wsdl')
    expect(head.status).toBe(200)
    expect(head.headers['content-length']).toBe(first.headers['content-length'])
  })

  test('what is not there is 404, and does not repeat what was asked for', async () => {
    const reply = await supertest(server.url).get('/<script>alert(1)</script>')
    expect(reply.status).toBe(404)
    expect(reply.text).not.toContain('alert')
  })

  test('metrics have one path, which a proxy can refuse', async () => {
    const metrics = async () => ({ contentType: 'text/plain', text: 'figures' })
    const app = createWebApp({ services: new Map(), failure: () => undefined, metrics })
    expect((await supertest(app).get('/metrics')).text).toBe('figures')
    for (const path of ['/metrics/', '/Metrics', '//metrics', '/%6detrics']) {
      expect([path, (await supertest(app).get(path)).status]).toEqual([path, 404])
    }
  })

  test('a path that cannot be decoded is 400 without a stack', async () => {
    const reply = await supertest(server.url).get('/%zz')
    expect([400, 404]).toContain(reply.status)
    expect(reply.text).not.toMatch(/at |node_modules/)
  })

  test.each(['/', '/?wsdl', '/livez', '/nothing'])('%s has security headers', async (path) => {
    const { headers } = await supertest(server.url).get(path)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['x-frame-options']).toBe('DENY')
    expect(headers['x-powered-by']).toBeUndefined()
  })

  test('a caller of HTTP 1.0 without Host gets the address that it reached', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET /?wsdl HTTP/1.0\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(addresses(text)[0]).toBe(`${server.url}/`)
  })
})

describe('health', () => {
  test('/livez says that the process is there, /readyz whether the service is', async () => {
    let failure: string | undefined
    const server = await openTextServer({ web: { failure: () => failure } })
    expect((await supertest(server.url).get('/livez')).status).toBe(200)
    expect((await supertest(server.url).get('/readyz')).status).toBe(200)
    failure = 'the disk is full'
    const reply = await supertest(server.url).get('/readyz')
    expect(reply.status).toBe(503)
    expect(reply.text).toBe('not ready: the disk is full\n')
    expect((await supertest(server.url).get('/livez')).status).toBe(200)
    await server.close()
  })

  test('what goes wrong in a page is 500 without a word about it, and is logged', async () => {
    const cause = new Error('secret')
    const errors: unknown[] = []
    const server = await openTextServer({
      web: {
        failure: () => {
          throw cause
        },
        onError: (error) => errors.push(error),
      },
    })
    const reply = await supertest(server.url).get('/readyz')
    expect(reply.status).toBe(500)
    expect(reply.text).not.toContain('secret')
    expect(errors).toEqual([cause])
    await server.close()
  })
})

describe('behind a proxy', () => {
  test('a public URL is the address for everybody', async () => {
    const server = await openTextServer({ web: { publicUrl: 'https://soap.example/text/a&b/' } })
    const reply = await supertest(server.url).get('/?wsdl').set('Host', 'evil.example').buffer(true)
    expect(addresses(reply.text)).toEqual([
      'https://soap.example/text/a&amp;b/',
      'https://soap.example/text/a&amp;b/',
    ])
    await server.close()
  })

  test('what a trusted proxy forwards is the address, if it is one', async () => {
    const server = await openTextServer({ web: { trustProxy: 'loopback' } })
    const forwarded = { 'X-Forwarded-Host': 'soap.example', 'X-Forwarded-Proto': 'https' }
    expect(await wsdlAddress(server, forwarded)).toBe('https://soap.example/')
    expect(await wsdlAddress(server, { ...forwarded, 'X-Forwarded-Host': 'a"b' })).toBe(
      `https://127.0.0.1:${server.port}/`,
    )
    await server.close()
  })

  describe('that is trusted', () => {
    let server: TextServer
    beforeAll(async () => {
      server = await openTextServer({ web: { trustProxy: 'loopback' } })
    })
    afterAll(() => server.close())

    test.each([
      ['the scheme alone', { Proto: 'https' }, 'https://soap.example:8443/'],
      ['a port for the Host that came', { Port: '9000' }, 'http://soap.example:9000/'],
      ['a port that goes without saying', { Proto: 'https', Port: '443' }, 'https://soap.example/'],
      ['a host', { Host: 'other.example' }, 'http://other.example/'],
      ['a host with its port', { Host: 'other.example:81', Port: '9000' }, 'http://other.example:81/'],
      ['a host and a port', { Host: 'other.example', Port: '9000' }, 'http://other.example:9000/'],
      ['an IPv6 address', { Host: '[2001:db8::1]:81' }, 'http://[2001:db8::1]:81/'],
      ['a path', { Prefix: '/services/text' }, 'http://soap.example:8443/services/text/'],
      ['a path with a slash at its end', { Prefix: '/text/' }, 'http://soap.example:8443/text/'],
      [
        'several, of which the last is its own',
        { Host: 'evil.example, mine.example', Proto: 'http, https' },
        'https://mine.example/',
      ],
      ['a scheme that is none', { Proto: 'javascript' }, 'http://soap.example:8443/'],
      ['a port that is none', { Port: '99999' }, 'http://soap.example:8443/'],
      ['a host that is none', { Host: 'a/b"<' }, 'http://soap.example:8443/'],
      ['a path that goes up', { Prefix: '/a/../b' }, 'http://soap.example:8443/'],
      ['a path to another host', { Prefix: '//evil.example' }, 'http://soap.example:8443/'],
      ['a path that is none', { Prefix: '/a"><b' }, 'http://soap.example:8443/'],
    ])('may tell %s', async (_, told, address) => {
      const headers = Object.entries(told).map(([name, value]) => [`X-Forwarded-${name}`, value])
      expect(await wsdlAddress(server, { Host: 'soap.example:8443', ...Object.fromEntries(headers) })).toBe(
        address,
      )
    })

    test('is not believed what it says in Forwarded: nobody would know whether it or a caller wrote it', async () => {
      const headers = { Host: 'soap.example', Forwarded: 'host=evil.example;proto=https' }
      expect(await wsdlAddress(server, headers)).toBe('http://soap.example/')
    })

    test('has answers that differ by all that they depend on, which no cache gives to others', async () => {
      for (const path of ['/', '/?wsdl', '/?singleWsdl']) {
        const { headers } = await supertest(server.url).get(path)
        expect(headers['cache-control']).toBe('private, no-cache')
        expect(headers.vary?.split(', ')).toEqual(
          expect.arrayContaining([
            'Host',
            ...['Proto', 'Host', 'Port', 'Prefix'].map((name) => `X-Forwarded-${name}`),
          ]),
        )
      }
    })

    test('and its callers get addresses of their own, whoever asked before', async () => {
      const addressFor = (host: string) => wsdlAddress(server, { 'X-Forwarded-Host': host })
      const hosts = Array.from({ length: 20 }, (_, index) => `caller-${index}.example`)
      const answers = await Promise.all(hosts.map(addressFor))
      expect(answers).toEqual(hosts.map((host) => `http://${host}/`))
      // The ETag is of what the answer says, so one caller's is none of the next one's.
      const { headers } = await supertest(server.url).get('/?wsdl').set('X-Forwarded-Host', 'a.example')
      const next = { 'If-None-Match': headers.etag ?? '', 'X-Forwarded-Host': 'b.example' }
      expect((await supertest(server.url).get('/?wsdl').set(next)).status).toBe(200)
    })

    test('may put a path before ours: the links of the page are relative', async () => {
      const { text } = await supertest(server.url).get('/').set('X-Forwarded-Prefix', '/text')
      const targets = [...text.matchAll(/(?:href|src|data-url)="([^"]*)"/g)].map(([, target]) => target ?? '')
      for (const target of targets) expect(target).toMatch(/^(?:#|\.\/)/)
    })
  })

  test('that is not trusted is not believed', async () => {
    const server = await openTextServer({ web: { trustProxy: '10.0.0.0/8' } })
    const told = { Host: 'evil.example', Proto: 'https', Port: '1', Prefix: '/evil' }
    const headers = Object.entries(told).map(([name, value]) => [`X-Forwarded-${name}`, value])
    expect(await wsdlAddress(server, Object.fromEntries(headers))).toBe(`${server.url}/`)
    await server.close()
  })

  test('a public URL counts for all, so its answers differ by nothing', async () => {
    const server = await openTextServer({
      web: { publicUrl: 'https://soap.example/text/', trustProxy: 'loopback' },
    })
    const headers = {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Prefix': '/evil',
    }
    expect(await wsdlAddress(server, headers)).toBe('https://soap.example/text/')
    const { text, headers: got } = await supertest(server.url).get('/').set(headers)
    expect(text).not.toContain('evil')
    expect(got.vary ?? '').not.toContain('Host')
    await server.close()
  })
})
