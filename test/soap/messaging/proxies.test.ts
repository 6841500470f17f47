import { createProxyTrust } from '../../../src/web/proxy-trust.ts'
import { type MessagingBed, type MessagingBedOptions, openMessagingBed } from '../../support/messaging-bed.ts'
import { envelope, PASSWORD, readAnswer, request, usernameToken } from '../../support/messaging-calls.ts'
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../../support/temp-folder.ts'
import { exchange, request as post } from '../raw-http.ts'
import { openTextServer, type TextServer } from '../text-server.ts'

const ADA = usernameToken('ada', PASSWORD)
const WRONG = usernameToken('ada', 'wrong')
/** An account without a password. */
const EVE = usernameToken('eve', undefined)
const FROM = 'X-Forwarded-For: 192.0.2.7'
const HTTPS = 'X-Forwarded-Proto: https'
/** What a caller makes up who wants to be somebody on this machine. */
const FORGED = [
  'X-Forwarded-For: 127.0.0.1',
  'X-Real-IP: 127.0.0.1',
  'Forwarded: for=127.0.0.1;proto=https',
  HTTPS,
]

/** Calls /messaging of the server on this port: `ok`, or the name and reason of the fault. */
async function call(port: number, body: string, header: string, lines: readonly string[]): Promise<string> {
  const document = envelope(body, header === '' ? {} : { header })
  const answer = await exchange(port, [post(document, ...lines).replace('POST /', 'POST /messaging')], 1)
  const { fault } = await readAnswer(0, answer.slice(answer.indexOf('\r\n\r\n') + 4))
  return fault === undefined ? 'ok' : `${fault.name}: ${fault.reason}`
}

describe.each([true, false])(
  'callers of the messaging service through a proxy on its machine (fast: %s)',
  (fast) => {
    let bed: MessagingBed
    let server: TextServer
    const addresses: string[] = []
    async function open(proxies: string | undefined, options: MessagingBedOptions = {}): Promise<void> {
      addresses.length = 0
      bed = await openMessagingBed({ takeRequest: (address) => addresses.push(address), ...options })
      await bed.add('ada')
      await bed.addOpen('eve')
      const others = new Map([['/messaging', bed.endpoint]])
      server = await openTextServer({ fast, others, trusts: createProxyTrust(proxies) })
    }
    afterEach(async () => {
      await server.close()
      await bed.close()
    })

    const list = (header: string, ...lines: readonly string[]) =>
      call(server.port, request('ListUsers', {}), header, lines)

    test.each([undefined, 'loopback', '10.0.0.0/8'])(
      'use no account without a password (trusted: %s); programs on the machine do',
      async (proxies) => {
        await open(proxies)
        expect(await list(EVE)).toBe('ok')
        expect(await list('', `Authorization: Basic ${btoa('eve:')}`)).toBe('ok')
        for (const lines of [
          [FROM],
          [FROM, HTTPS],
          ...FORGED.map((line) => [line]),
          FORGED,
          ['Via: 1.1 proxy'],
        ]) {
          expect(await list(EVE, ...lines)).toMatch(/^NotAuthenticated: .*not through a proxy/)
          expect(await list('', `Authorization: Basic ${btoa('eve:')}`, ...lines)).toMatch(
            /^NotAuthenticated/,
          )
        }
      },
    )

    test('use one where that was allowed', async () => {
      await open('loopback', { allowOpen: true })
      expect(await list(EVE, FROM)).toBe('ok')
    })

    test('show passwords and tokens where a trusted proxy says that TLS was used, and else are told what is missing', async () => {
      await open('loopback')
      const token = `Authorization: Bearer ${await bed.issueToken('ada')}`
      const basic = `Authorization: Basic ${btoa(`ada:${PASSWORD}`)}`
      const register = (name: string, ...lines: readonly string[]) =>
        call(server.port, request('Register', { userName: name, password: 'x' }), '', lines)
      for (const [header, ...lines] of [[ADA], ['', basic], ['', token]] as const) {
        expect(await list(header, ...lines)).toBe('ok')
        expect(await list(header, ...lines, FROM, HTTPS)).toBe('ok')
        for (const more of [
          [FROM],
          [FROM, 'X-Forwarded-Proto: http'],
          ['Forwarded: for=192.0.2.7;proto=https'],
        ]) {
          expect(await list(header, ...lines, ...more)).toMatch(
            /^NotAllowed: .*X-Forwarded-Proto.*--trust-proxy/,
          )
        }
      }
      expect(await register('carol')).toBe('ok')
      expect(await register('dave', FROM)).toMatch(/^NotAllowed/)
      expect(await register('dave', FROM, HTTPS)).toBe('ok')
    })

    test('show none through one that is not trusted, whatever it or they say', async () => {
      await open('10.0.0.0/8')
      for (const lines of [[FROM, HTTPS], FORGED, ['Via: 1.1 proxy'], ['X-Forwarded-For: 10.0.0.1', HTTPS]]) {
        expect(await list(ADA, ...lines)).toMatch(/^NotAllowed: .*--trust-proxy/)
      }
      expect(await list(ADA)).toBe('ok')
    })

    test('show them where plain passwords are allowed', async () => {
      await open(undefined, { allowPlainPasswords: true })
      expect(await list(ADA, FROM)).toBe('ok')
    })

    test('count for the limit of requests by the address that a trusted proxy gives, else all as the proxy', async () => {
      await open('loopback')
      await list(ADA, FROM, HTTPS)
      await list(ADA, 'X-Forwarded-For: 127.0.0.1, 2001:db8::7', HTTPS)
      await list(ADA, ...FORGED)
      await list(ADA)
      expect(addresses).toEqual(['192.0.2.7', '2001:db8::7', '127.0.0.1', '127.0.0.1'])
      await server.close()
      await bed.close()
      await open(undefined)
      await list(ADA, FROM, HTTPS)
      expect(addresses).toEqual(['127.0.0.1'])
    })

    test('guess passwords at their own expense, and get no more tries by addresses that they make up', async () => {
      const slow = { burst: 3, perSecond: 0.001 }
      await open('loopback', {
        attemptLimits: { perSource: slow, perUser: { burst: 1000, perSecond: 1000 } },
      })
      const outcomes: string[] = []
      for (let guess = 0; guess < 5; guess++) {
        const outcome = await list(WRONG, `X-Forwarded-For: 198.51.100.${guess}, 192.0.2.7`, HTTPS)
        outcomes.push(outcome.split(':')[0] ?? '')
      }
      const [no, wait] = ['NotAuthenticated', 'TemporarilyUnavailable']
      expect(outcomes).toEqual([no, no, no, wait, wait])
      expect(await list(ADA, 'X-Forwarded-For: 192.0.2.8', HTTPS)).toBe('ok')
      expect(await list(ADA)).toBe('ok')
    })
  },
)

describe('a server as it is started, behind a proxy on its machine', () => {
  let server: ServerProcess
  afterEach(async () => {
    await server.kill()
    await removeTempFolders()
  })

  test('believes the proxies of --trust-proxy, and has the callers’ addresses in its log', async () => {
    const flags = ['--trust-proxy', 'loopback', '--log', 'json']
    server = await startServerProcess({ folder: await makeTempFolder(), flags })
    const body = request('Register', { userName: 'ada', password: PASSWORD })
    expect(await call(server.soapPort, body, '', [FROM])).toMatch(/^NotAllowed/)
    expect(await call(server.soapPort, body, '', [FROM, HTTPS])).toBe('ok')
    expect(await call(server.soapPort, request('ListUsers', {}), ADA, [FROM, HTTPS])).toBe('ok')
    await call(server.soapPort, request('ListUsers', {}), WRONG, [`${FROM}, 2001:db8::7`, HTTPS])
    expect(await server.logged('authentication-failed')).toMatchObject({ user: 'ada', source: '2001:db8::7' })
  })

  test('without the flag believes nobody', async () => {
    server = await startServerProcess({ folder: await makeTempFolder() })
    const body = request('Register', { userName: 'ada', password: PASSWORD })
    expect(await call(server.soapPort, body, '', [FROM, HTTPS])).toMatch(/^NotAllowed/)
    expect(await call(server.soapPort, body, '', [])).toBe('ok')
  })
})
