import { forwardingOf, originOf } from '../../src/soap/caller-origin.ts'
import { createProxyTrust } from '../../src/web/proxy-trust.ts'

/** What is made of a request with these headers on a connection from this address. */
function origin(
  remoteAddress: string | undefined,
  headers: Readonly<Record<string, string>>,
  { proxies, secure = false }: { proxies?: string; secure?: boolean } = {},
) {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  return originOf({ remoteAddress, secure }, forwardingOf(lower), createProxyTrust(proxies))
}

describe('where a request comes from', () => {
  test('is the other end of its connection, when no proxy has left a word in it', () => {
    const headers = { Host: 'a.example', 'X-Request-Id': '127.0.0.1', 'Proxy-Connection': 'close' }
    for (const proxies of ['loopback', undefined]) {
      const made = origin('127.0.0.1', headers, proxies === undefined ? {} : { proxies })
      expect(made).toEqual({ remoteAddress: '127.0.0.1', secure: false, forwarded: false })
    }
    expect(origin('192.0.2.1', headers, { secure: true })).toEqual({
      remoteAddress: '192.0.2.1',
      secure: true,
      forwarded: false,
    })
  })

  test.each([
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-For', ''],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', 'localhost'],
    ['X-Forwarded-Server', 'here'],
    ['X-Forwarded', 'for=127.0.0.1'],
    ['X-Real-IP', '::1'],
    ['Forwarded', 'for="[::1]";proto=https'],
    ['Via', '1.1 here'],
  ])(
    'is known to be a proxy by "%s: %s", and the words of one that is not trusted change nothing else',
    (name, value) => {
      for (const address of ['127.0.0.1', '::1', '192.0.2.1', undefined]) {
        for (const secure of [false, true]) {
          const made = origin(address, { [name]: value }, { proxies: '10.0.0.0/8', secure })
          expect(made).toEqual({ remoteAddress: address, secure, forwarded: true })
        }
      }
    },
  )

  test.each([
    ['what it says', '192.0.2.7', '192.0.2.7'],
    ['an IPv6 address', '2001:db8::7', '2001:db8::7'],
    ['one in brackets', '[2001:db8::7]', '2001:db8::7'],
    ['one in brackets with a port', '[2001:db8::7]:4711', '2001:db8::7'],
    ['an address with a port', '192.0.2.7:4711', '192.0.2.7'],
    [
      'the last that it says: those before are what the caller sent along',
      '127.0.0.1, 192.0.2.7',
      '192.0.2.7',
    ],
    ['… also when they look like its own', '192.0.2.9, 192.0.2.7', '192.0.2.7'],
    ['what a second proxy says that is trusted too', '192.0.2.7, 10.0.0.2', '192.0.2.7'],
    ['… and not what a caller told the second', '127.0.0.1, 192.0.2.7, 10.0.0.2', '192.0.2.7'],
    ['… nor what a proxy says that is not', '10.0.0.9, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['the first of proxies that are all trusted', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the second proxy, in the form of IPv6', '192.0.2.7, ::ffff:10.0.0.2', '192.0.2.7'],
    ['itself, where it says nothing', '', '10.0.0.1'],
    ['itself, where it does not know', 'unknown', '10.0.0.1'],
    ['itself, where it hides the caller', '192.0.2.7, _hidden', '10.0.0.1'],
    ['the second, where that one does not know', '192.0.2.7, unknown, 10.0.0.2', '10.0.0.2'],
    ['itself, where it says nonsense', '192.0.2.7, 300.1.1.1', '10.0.0.1'],
    ['… of numbers that some would read as 127.0.0.1', '2130706433', '10.0.0.1'],
    ['… with what would be a line of its own in a log', '192.0.2.7\u0085AUTH ada', '10.0.0.1'],
    ['… of nothing behind a comma', '192.0.2.7,', '10.0.0.1'],
    ['… with two ports', '192.0.2.7:1:2', '10.0.0.1'],
    ['… of a bracket that is not closed', '[2001:db8::7', '10.0.0.1'],
  ])('is with a trusted proxy %s', (_what, addresses, address) => {
    for (const proxy of ['10.0.0.1', '::ffff:10.0.0.1']) {
      const made = origin(proxy, { 'X-Forwarded-For': addresses }, { proxies: '10.0.0.0/8' })
      expect(made.remoteAddress?.replace('::ffff:', '')).toBe(address)
      expect(made.forwarded).toBe(true)
    }
  })

  test.each([
    ['https', true],
    ['HTTPS', true],
    ['https, https', true],
    ['http', false],
    ['', false],
    ['wss', false],
    ['https,', false],
    // Whoever forges one cannot make the other away.
    ['https, http', false],
    ['http, https', false],
  ])('was protected by TLS before a trusted proxy that says "%s": %p', (schemes, protectedBefore) => {
    for (const secure of [false, true]) {
      const options = { proxies: 'loopback', secure }
      expect(origin('127.0.0.1', { 'X-Forwarded-Proto': schemes }, options).secure).toBe(protectedBefore)
    }
  })

  test('was not protected by TLS where a trusted proxy does not say so, or says it in other words', () => {
    const says = {
      'X-Forwarded-For': '192.0.2.7',
      Forwarded: 'for=192.0.2.7;proto=https',
      'X-Forwarded-Ssl': 'on',
    }
    expect(origin('127.0.0.1', says, { proxies: 'loopback', secure: true }).secure).toBe(false)
  })

  test('is not told by headers that a trusted proxy may just have let through', () => {
    const forged = {
      Forwarded: 'for=198.51.100.9',
      'X-Real-IP': '198.51.100.9',
      'X-Forwarded': 'for=198.51.100.9',
    }
    const made = origin('::1', { ...forged, 'X-Forwarded-For': '192.0.2.7' }, { proxies: 'loopback' })
    expect(made.remoteAddress).toBe('192.0.2.7')
    expect(origin('::1', forged, { proxies: 'loopback' }).remoteAddress).toBe('::1')
  })

  test('is never this machine behind a proxy, whatever the proxy says', () => {
    for (const address of ['127.0.0.1', '::1', '127.0.0.1, 127.0.0.1']) {
      expect(origin('127.0.0.1', { 'X-Forwarded-For': address }, { proxies: 'loopback' }).forwarded).toBe(
        true,
      )
    }
  })
})
