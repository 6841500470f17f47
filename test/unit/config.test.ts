import { readFileSync } from 'node:fs'
import { type Config, readConfig } from '../../src/config.ts'
import { ConfigExplanation } from '../../src/config-explanation.ts'
import { SERVER_FLAGS } from '../../src/config-flags.ts'
import type { ServerConfig } from '../../src/config-server.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'

const read = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Config =>
  readConfig({ args, env, terminal: true })

function server(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): ServerConfig {
  const config = read(['server', ...args], env)
  if (config.command !== 'server') throw new Error('not a server')
  return config.server
}

function explanation(args: readonly string[], env: NodeJS.ProcessEnv = {}): ConfigExplanation {
  try {
    read(args, env)
  } catch (error) {
    if (error instanceof ConfigExplanation) return error
    throw error
  }
  throw new Error('it was understood')
}

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
/** The table of the options of `dms server`. */
const TABLE = README.slice(README.indexOf('| `dms server` |'), README.indexOf('| `dms client`'))
const HELP = explanation(['server', '--help']).message

describe('the options of dms server', () => {
  const longNames = (text: string) => new Set(text.match(/--[a-z][a-z-]+/g))

  test('the README has a row for each that --help shows, and no others', () => {
    const shown = longNames(HELP)
    shown.delete('--help')
    expect([...longNames(TABLE)].sort()).toEqual([...shown].sort())
  })

  test('--help shows the environment variable of each', () => {
    for (const { env } of SERVER_FLAGS) expect(HELP).toContain(`[${env}]`)
  })

  test('a flag counts before the environment, and that before the default', () => {
    expect(server().soapLimits.depth).toBe(DEFAULT_SOAP_LIMITS.depth)
    expect(server([], { DMS_SOAP_DEPTH: '40' }).soapLimits.depth).toBe(40)
    expect(server(['--soap-depth', '50'], { DMS_SOAP_DEPTH: '40' }).soapLimits.depth).toBe(50)
  })

  test('every limit of SOAP has a flag', () => {
    const given = server([
      ...['--soap-body-bytes', '1025', '--soap-inflated-bytes', '1026', '--soap-inflate-ratio', '3'],
      ...[
        '--soap-depth',
        '9',
        '--soap-attributes',
        '10',
        '--soap-elements',
        '101',
        '--soap-held-bytes',
        '9999',
      ],
      ...['--soap-parts', '3', '--soap-part-header-bytes', '300', '--max-attachment-bytes', '5'],
    ])
    expect(given.soapLimits).toEqual({
      bodyBytes: 1025,
      inflatedBytes: 1026,
      inflateRatio: 3,
      depth: 9,
      attributes: 10,
      elements: 101,
      attachmentBytes: 5,
      parts: 3,
      partHeaderBytes: 300,
    } satisfies typeof DEFAULT_SOAP_LIMITS)
    expect(given.soapHeldBytes).toBe(9999)
    expect(server().soapLimits).toEqual(DEFAULT_SOAP_LIMITS)
  })

  test.each([
    [['--soap-body-bytes', '1023'], 'from 1024 to'],
    [['--soap-inflated-bytes', '1MiB'], 'a whole number'],
    [['--soap-inflate-ratio', '0'], 'from 1 to 1032'],
    [['--soap-depth', '7'], 'from 8 to 1000'],
    [['--soap-attributes', '-1'], 'from 8 to 1000'],
    [['--soap-elements', '1.5'], 'a whole number'],
    [['--soap-parts', '1'], 'from 2 to 10000'],
    [['--soap-part-header-bytes', '255'], 'from 256 to 65536'],
    [['--soap-held-bytes', '2000000'], '--soap-held-bytes 2000000 is less than twice'],
    [['--soap-body-bytes', '100000000'], 'make it at least 200000000'],
    [['--public-url', 'soap.example'], 'an http or https URL'],
    [['--public-url', 'ftp://soap.example'], 'an http or https URL'],
    [['--public-url', 'https://soap.example/?a=1'], 'without a query'],
    [['--public-url', 'https://me:secret@soap.example/'], 'without a query, a fragment or a password'],
    [['--trust-proxy', 'true'], 'addresses, subnets'],
    [['--trust-proxy', '10.0.0.0/33'], 'addresses, subnets'],
    [['--trust-proxy', '0.0.0.0/0'], 'addresses, subnets'],
    [['--trust-proxy', 'proxy.example'], 'addresses, subnets'],
    [['--trust-proxy', '10.0.0.1,'], 'addresses, subnets'],
  ])('%j is refused with a word about what to do', (args, words) => {
    const { message, exitCode } = explanation(['server', ...args])
    expect(exitCode).toBe(2)
    expect(message).toContain(words)
  })

  test.each(['loopback', '10.0.0.0/8, 192.168.1.1', '::1,fd00::/8', 'uniquelocal,linklocal'])(
    '--trust-proxy %s is taken',
    (proxies) => {
      expect(server(['--trust-proxy', proxies]).trustProxy).toBe(proxies)
    },
  )
})
