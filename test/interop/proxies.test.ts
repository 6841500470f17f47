import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { gunzipSync, gzipSync } from 'node:zlib'
import { removeSpaces, envelope as textEnvelope, VERSION_NAMES, VERSIONS } from '../soap/text-server.ts'
import { describeWith } from '../support/describe-with.ts'
import { PASSWORD, request, usernameToken } from '../support/messaging-calls.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { type Caller, type CallerOptions, createCaller } from './proxied-caller.ts'
import { ADA, ELSEWHERE, EVE, FORGED, openProxiedServer, type ProxiedServer } from './proxied-server.ts'
import { PROXIES } from './proxy-bed.ts'

/** Every address in a document that is somebody's to call. */
function addresses(document: Buffer): ReadonlySet<string> {
  const found = String(document).matchAll(/(?:\blocation|schemaLocation)="([^"]*)"/g)
  return new Set([...found].map(([, address = '']) => address))
}

describeWith('nginx-light', 'libnginx-mod-stream', 'haproxy', 'openssl').each(PROXIES)(
  'a server behind %s as docs/operations.md has it',
  (name) => {
    let proxied: ProxiedServer
    beforeAll(async () => {
      proxied = await openProxiedServer(name, '--trust-proxy', '127.0.0.1')
    })
    afterAll(async () => {
      await proxied.close()
      await removeTempFolders()
    })

    const closers: (() => unknown)[] = []
    afterEach(async () => {
      for (const close of closers.splice(0)) await close()
    })
    function caller(options: Partial<CallerOptions> = {}): Caller {
      const made = createCaller({ port: proxied.proxy.port, ca: proxied.certificate.cert, ...options })
      closers.push(() => made.close())
      return made
    }
    const list = async (from: Caller, header: string, authorization?: string) => {
      const { fault } = await from.call(request('ListUsers', {}), {
        header,
        ...(authorization === undefined ? {} : { authorization }),
      })
      return fault === undefined ? 'ok' : `${fault.name}: ${fault.reason}`
    }

    describe('tells its addresses', () => {
      const documents = ['/?wsdl', '/?singleWsdl', '/messaging?wsdl', '/messaging?singleWsdl']

      test('to each caller as its own, on connections that the proxy keeps for all, whatever they forge', async () => {
        const hosts = ['a.example', 'b.example', 'a.example', '127.0.0.1']
        const all = hosts.map((host, at) =>
          caller({ host, headers: at === 2 ? FORGED : {}, from: at === 2 ? ELSEWHERE : '127.0.0.1' }),
        )
        const seen = proxied.tap.connections.length
        for (const document of documents) {
          const path = document.replace(/\?.*/, '')
          for (const [at, host] of hosts.entries()) {
            const { status, headers, body } = (await all[at]?.fetch(document)) ?? {}
            expect([status, headers?.['cache-control']]).toEqual([200, 'private, no-cache'])
            expect([...addresses(body as Buffer)]).toEqual([`https://${host}:${proxied.proxy.port}${path}`])
            expect(String(body)).not.toContain('evil')
          }
        }
        const hostsOf = (bytes: string) =>
          new Set([...bytes.matchAll(/^host: (.*):/gim)].map(([, host]) => host))
        const most = Math.max(...proxied.tap.connections.slice(seen).map(({ bytes }) => hostsOf(bytes).size))
        expect(most).toBeGreaterThan(1)
      })

      test('and lets no answer stand for that to another Host', async () => {
        const [ours, others] = [caller({ host: 'a.example' }), caller({ host: 'b.example' })]
        const { headers } = await ours.fetch('/?wsdl')
        const again = { headers: { 'If-None-Match': String(headers.etag) } }
        expect((await ours.fetch('/?wsdl', again)).status).toBe(304)
        expect((await others.fetch('/?wsdl', again)).status).toBe(200)
        expect(String(headers.vary)).toContain('Host')
      })

      test('as --public-url has them, to everybody; a proxy that is not trusted makes nobody’s call safe', async () => {
        const fixed = await openProxiedServer(name, '--public-url', 'https://soap.example/dms')
        closers.push(() => fixed.close())
        const options = { port: fixed.proxy.port, ca: fixed.certificate.cert }
        for (const headers of [{}, FORGED, { Host: 'evil.example' }]) {
          const one = caller({ ...options, headers })
          for (const document of documents) {
            const { body } = await one.fetch(document)
            expect([...addresses(body)]).toEqual([`https://soap.example/dms${document.replace(/\?.*/, '')}`])
          }
          expect(await list(one, ADA)).toMatch(/^NotAllowed: .*--trust-proxy/)
          expect(await list(one, EVE)).toMatch(/^NotAuthenticated: .*not through a proxy/)
        }
      })
    })

    describe('answers', () => {
      test.each(VERSION_NAMES)(
        'calls of SOAP %s, by HTTP/1.1 and HTTP/2, gzipped both ways',
        async (version) => {
          const words = 'as  it   is '.repeat(500)
          const expected = `<remove_spacesResult>${'as it is '.repeat(500).trim()}</`
          const body = textEnvelope(version, removeSpaces(words))
          const headers = { 'Content-Type': `${VERSIONS[version].mediaType}; charset=utf-8` }
          const gzip = { ...headers, 'Content-Encoding': 'gzip', 'Accept-Encoding': 'gzip' }

          const one = caller()
          const plain = await one.fetch('/', { method: 'POST', headers, body })
          expect([plain.status, String(plain.body)]).toEqual([200, expect.stringContaining(expected)])
          const zipped = await one.fetch('/', { method: 'POST', headers: gzip, body: gzipSync(body) })
          expect([zipped.status, zipped.headers['content-encoding']]).toEqual([200, 'gzip'])
          expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true)

          const session = connectHttp2(`https://127.0.0.1:${proxied.proxy.port}`, {
            ca: proxied.certificate.cert,
          })
          const stream = session.request({
            ...{ ':method': 'POST', ':path': '/', 'content-type': headers['Content-Type'] },
          })
          stream.end(body)
          const [[{ ':status': status }], chunks] = await Promise.all([
            once(stream, 'response') as Promise<[{ ':status': number }]>,
            stream.toArray() as Promise<Buffer[]>,
          ])
          expect([status, String(Buffer.concat(chunks))]).toEqual([200, String(plain.body)])
          session.close()
        },
      )

      test('the services page and health', async () => {
        const one = caller()
        for (const path of ['/', '/readyz'])
          expect([path, (await one.fetch(path)).status]).toEqual([path, 200])
      })

      test.each([
        ...['/metrics', '/metrics/', '/Metrics', '//metrics', '/metrics?x', '/metrics#x', '/metrics;x'],
        ...['/%6detrics', '/x/../metrics', '/./metrics', '/metrics%2f', '/metrics%00', '/metrics\\'],
      ])('nobody who asks for metrics as %s', async (path) => {
        const { status, body } = await caller().fetch(path)
        expect([400, 403, 404]).toContain(status)
        expect(String(body)).not.toContain('dms_')
      })
    })

    describe('takes whoever comes through it for a caller from elsewhere', () => {
      test('who uses no account without a password, whatever headers he makes up', async () => {
        const hopByHop = { Connection: 'keep-alive, X-Forwarded-For, X-Forwarded-Proto' }
        const single = Object.entries(FORGED).map(([key, text]) => ({ [key]: text }))
        for (const headers of [{}, FORGED, hopByHop, ...single]) {
          const one = caller({ headers })
          expect(await list(one, EVE)).toMatch(/^NotAuthenticated: .*not through a proxy/)
          expect(await list(one, '', `Basic ${btoa('eve:')}`)).toMatch(/^NotAuthenticated/)
        }
        const here = caller({ port: proxied.server.soapPort, ca: undefined })
        expect(await list(here, EVE)).toBe('ok')
      })

      test('who shows passwords by https, and not in the clear, whatever headers he makes up', async () => {
        const basic = `Basic ${btoa(`ada:${PASSWORD}`)}`
        for (const headers of [{}, FORGED, { 'X-Forwarded-Proto': 'http' }]) {
          const [safe, clear] = [
            caller({ headers }),
            caller({ headers, port: proxied.proxy.plainPort, ca: undefined }),
          ]
          expect(await list(safe, ADA)).toBe('ok')
          expect(await list(safe, '', basic)).toBe('ok')
          expect(await list(clear, ADA)).toMatch(/^NotAllowed: .*plain HTTP/)
          expect(await list(clear, '', basic)).toMatch(/^NotAllowed/)
        }
      })

      test('who guesses at his own expense: the log has the address that the proxy saw', async () => {
        const one = caller({ from: ELSEWHERE, headers: { ...FORGED, 'X-Forwarded-For': '198.51.100.1' } })
        expect(await list(one, usernameToken('ada', 'wrong'))).toMatch(/^NotAuthenticated/)
        expect(await proxied.server.logged('authentication-failed')).toMatchObject({
          user: 'ada',
          source: ELSEWHERE,
        })
      })
    })
  },
)
