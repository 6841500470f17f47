import { textPortType } from '../../src/port-types/text.ts'
import type { SoapContext } from '../../src/soap/context.ts'
import { createProxyTrust } from '../../src/web/proxy-trust.ts'
import { cut, GET } from './both-paths.ts'
import { contentType, multipart, rootPart } from './mtom/packages.ts'
import { exchange, request } from './raw-http.ts'
import {
  envelope,
  openTextServer,
  removeSpaces,
  type TextServer,
  type TextServerOptions,
} from './text-server.ts'

const BODY = envelope('1.1', removeSpaces('x'))
/** An operation that answers with who called it. */
const WHO = {
  ...textPortType,
  async remove_spaces(_input: object, { remoteAddress, secure, forwarded }: SoapContext) {
    return {
      remove_spacesResult: [remoteAddress, secure ? 'TLS' : 'plain', forwarded ? 'proxy' : 'direct'].join(
        ' ',
      ),
    }
  },
} as unknown as NonNullable<TextServerOptions['portType']>

/** Who called, in the order of the answers. */
function callers(answers: string): readonly string[] {
  return answers.match(/(?<=Result>)[^<]+/g) ?? []
}

describe('callers behind a proxy on this machine', () => {
  const servers: TextServer[] = []
  /** One with the fast path, one on node:http alone; the proxy is trusted by the first two. */
  let trusting: readonly TextServer[]
  let others: readonly TextServer[]
  beforeAll(async () => {
    const open = async (proxies: string | undefined, fast: boolean) => {
      const server = await openTextServer({ portType: WHO, fast, trusts: createProxyTrust(proxies) })
      servers.push(server)
      return server
    }
    trusting = [await open('loopback, 10.0.0.0/8', true), await open('loopback, 10.0.0.0/8', false)]
    others = [await open(undefined, true), await open(undefined, false)]
  })
  afterAll(async () => {
    for (const server of servers) await server.close()
  })

  /** Who the callers of these bytes are: the same by both paths. */
  async function ask(
    [fast, plain]: readonly TextServer[],
    pieces: readonly (string | Buffer)[],
    answers = 1,
  ): Promise<readonly string[]> {
    const [ours = '', theirs = ''] = await Promise.all(
      [fast, plain].map((server) => exchange(server?.port ?? 0, pieces, answers)),
    )
    expect(callers(ours)).toEqual(callers(theirs))
    return callers(ours)
  }

  const LOCAL = '127.0.0.1 plain direct'
  const UNKNOWN = '127.0.0.1 plain proxy'

  test.each<readonly [headers: readonly string[], trusted: string, untrusted: string]>([
    [[], LOCAL, LOCAL],
    [['X-Request-Id: 7', 'User-Agent: via'], LOCAL, LOCAL],
    [['X-Forwarded-For: 192.0.2.7'], '192.0.2.7 plain proxy', UNKNOWN],
    [['x-forwarded-for:192.0.2.7'], '192.0.2.7 plain proxy', UNKNOWN],
    [['X-FORWARDED-FOR:   192.0.2.7  '], '192.0.2.7 plain proxy', UNKNOWN],
    [['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https'], '192.0.2.7 TLS proxy', UNKNOWN],
    [['X-Forwarded-For: 2001:db8::7', 'X-Forwarded-Proto: http'], '2001:db8::7 plain proxy', UNKNOWN],
    [['X-Forwarded-For: 127.0.0.1'], UNKNOWN, UNKNOWN],
    [['X-Forwarded-For: ::1', 'X-Real-IP: ::1'], '::1 plain proxy', UNKNOWN],
    [['X-Forwarded-For: 127.0.0.1, 192.0.2.7'], '192.0.2.7 plain proxy', UNKNOWN],
    [['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-For: 192.0.2.7'], '192.0.2.7 plain proxy', UNKNOWN],
    [['X-Forwarded-For: 192.0.2.7', 'x-forwarded-for: 10.0.0.2'], '192.0.2.7 plain proxy', UNKNOWN],
    [['X-Forwarded-Proto: https', 'X-Forwarded-Proto: http'], UNKNOWN, UNKNOWN],
    [['X-Forwarded-For: 192.0.2.9, 198.51.100.1, 10.0.0.2'], '198.51.100.1 plain proxy', UNKNOWN],
    [['X-Forwarded-For:'], UNKNOWN, UNKNOWN],
    [['Via: 1.1 here'], UNKNOWN, UNKNOWN],
    [['Forwarded: for=192.0.2.7;proto=https'], UNKNOWN, UNKNOWN],
    [['X-Real-IP: 192.0.2.7'], UNKNOWN, UNKNOWN],
    [['X-Forwarded-For: 192.0.2.7', 'Connection: close'], '192.0.2.7 plain proxy', UNKNOWN],
    [['X-Forwarded-For: 192.0.2.7', 'Connection: X-Forwarded-For'], '192.0.2.7 plain proxy', UNKNOWN],
  ])('are told from others by either path, with %j', async (headers, trusted, untrusted) => {
    const sent = [request(BODY, ...headers)]
    expect(await ask(trusting, sent)).toEqual([trusted])
    expect(await ask(others, sent)).toEqual([untrusted])
  })

  test('cannot make the proxy’s words away with more headers than Node keeps', async () => {
    const many = Array.from({ length: 3000 }, () => 'a:')
    const sent = [request(BODY, ...many, 'X-Forwarded-For: 192.0.2.7')]
    expect(await ask(trusting, sent)).toEqual(['192.0.2.7 plain proxy'])
    expect(await ask(others, sent)).toEqual([UNKNOWN])
  })

  test('are each their own on a connection that the proxy uses for all of them, and for itself', async () => {
    const calls = ['192.0.2.7', '192.0.2.8', '192.0.2.8', '', '127.0.0.1', '192.0.2.7'].map((address) =>
      request(BODY, ...(address === '' ? [] : [`X-Forwarded-For: ${address}`])),
    )
    const expected = [
      '192.0.2.7 plain proxy',
      '192.0.2.8 plain proxy',
      '192.0.2.8 plain proxy',
      LOCAL,
      UNKNOWN,
    ]
    const together = calls.join('')
    for (const pieces of [[together], calls, cut(together, 100, 700, 1100)]) {
      expect(await ask(trusting, pieces, 6)).toEqual([...expected, '192.0.2.7 plain proxy'])
    }
  })

  test('keep their addresses where node:http answers behind the fast path', async () => {
    const call = request(BODY, 'X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https')
    expect(await ask(trusting, [call + GET + call], 3)).toEqual([
      '192.0.2.7 TLS proxy',
      '192.0.2.7 TLS proxy',
    ])
  })
  test('keep them with a message of several parts', async () => {
    const body = multipart([rootPart('1.1', removeSpaces('x'))]).toString('latin1')
    const call = request(body, 'X-Forwarded-For: 192.0.2.7').replace(
      /(?<=Content-Type: ).*/,
      contentType('1.1'),
    )
    expect(await ask(trusting, [call])).toEqual(['192.0.2.7 plain proxy'])
    expect(await ask(others, [call])).toEqual([UNKNOWN])
  })
})
