import { isIP } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import type { AllowanceRate } from './domain/allowances.ts'
import { DEFAULT_SOAP_LIMITS } from './soap/limits.ts'

/** Where the configuration comes from. */
export interface ConfigSources {
  /** Without the names of node and script. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Is the output a terminal: decides the form of the log. */
  readonly terminal: boolean
}

/** One flag: what is written, what it means, the environment variable that also gives it, and what it is otherwise. */
export interface Flag {
  readonly flags: string
  readonly text: string
  readonly env: string
  /** A text is read like one that is given. */
  readonly otherwise?: string | number | boolean | ((sources: ConfigSources) => string)
  /** Turns text into the value; throws `InvalidArgumentError` with what is wrong. */
  readonly parse?: (text: string) => unknown
}

/** The backends that `--backend` names. */
export const BACKENDS = ['lmdb', 'memory'] as const
/** The forms that `--log` names. */
export const LOG_FORMS = ['plain', 'json'] as const
/** The levels of a JSON log. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** Whether there are metrics. */
export const METRICS = ['on', 'off'] as const

/** Who may register. */
export const REGISTRATIONS = ['open', 'closed'] as const

const count = wholeNumber(1, Number.MAX_SAFE_INTEGER)
const seconds = wholeNumber(1, 3600)
const anyPort = wholeNumber(0, 65_535)
/** Less takes no envelope with its namespaces; more is not one string any more. */
const bodyBytes = wholeNumber(1024, 268_435_456)

/** The data folder, which `server` and `store` share. */
export const DATA_FLAG: Flag = {
  flags: '--data <folder>',
  text: 'where messages are stored',
  env: 'DMS_DATA',
  otherwise: ({ env }) => join(stateFolder(env), 'data'),
}

/** The flags of `dms server`. */
// biome-ignore format: one row per flag
export const SERVER_FLAGS: readonly Flag[] = [
  { flags: '-p, --port <port>', env: 'DMS_PORT', otherwise: 8081, parse: anyPort, text: 'port of the messaging protocols; 0: any' },
  { flags: '--host <address>', env: 'DMS_HOST', otherwise: '127.0.0.1', text: 'address to listen on' },
  { flags: '--soap-port <port>', env: 'DMS_SOAP_PORT', otherwise: 8080, parse: anyPort, text: 'port of SOAP, WSDL, health and metrics; 0: any' },
  DATA_FLAG,
  { flags: '--backend <name>', env: 'DMS_BACKEND', otherwise: 'lmdb', parse: oneOf(BACKENDS), text: 'how messages are stored: lmdb, or memory, which keeps nothing after exit' },
  { flags: '--log <form>', env: 'DMS_LOG', otherwise: ({ terminal }) => (terminal ? 'plain' : 'json'), parse: oneOf(LOG_FORMS), text: 'plain: lines as the original wrote them; json: one object a line' },
  { flags: '--log-level <level>', env: 'DMS_LOG_LEVEL', otherwise: 'info', parse: oneOf(LOG_LEVELS), text: 'the least that a json log holds: error, warn, info or debug' },
  { flags: '--metrics <switch>', env: 'DMS_METRICS', otherwise: 'on', parse: oneOf(METRICS), text: 'on: whoever reaches the SOAP port can read /metrics; off: nobody' },
  { flags: '--allow-legacy', env: 'DMS_ALLOW_LEGACY', otherwise: false, parse: truth, text: 'let other machines use the original protocol, whose users prove nothing' },
  { flags: '--allow-open', env: 'DMS_ALLOW_OPEN', otherwise: false, parse: truth, text: 'let other machines, and callers through a proxy, use accounts without a credential' },
  { flags: '--allow-plain-passwords', env: 'DMS_ALLOW_PLAIN_PASSWORDS', otherwise: false, parse: truth, text: 'take passwords and tokens of SOAP callers on other machines without TLS' },
  { flags: '--require-auth', env: 'DMS_REQUIRE_AUTH', otherwise: false, parse: truth, text: 'with --host: other machines need an account with a credential' },
  { flags: '--registration <who>', env: 'DMS_REGISTRATION', otherwise: 'open', parse: oneOf(REGISTRATIONS), text: 'open: whoever reaches the port may register; closed: only dms user add makes accounts' },
  { flags: '--window <count>', env: 'DMS_WINDOW', otherwise: 256, parse: wholeNumber(1, 65_536), text: 'unanswered requests and unconfirmed items on one connection, each' },
  { flags: '--heartbeat <seconds>', env: 'DMS_HEARTBEAT', otherwise: 30, parse: seconds, text: 'how long a session may be silent before it is asked for a sign of life' },
  { flags: '--tls-port <port>', env: 'DMS_TLS_PORT', parse: anyPort, text: 'port of the session protocol over TLS; needs --tls-cert and --tls-key' },
  { flags: '--https-port <port>', env: 'DMS_HTTPS_PORT', parse: anyPort, text: 'port of SOAP, WSDL and health over HTTPS; needs --tls-cert and --tls-key' },
  { flags: '--tls-cert <file>', env: 'DMS_TLS_CERT', text: 'certificate with its chain, PEM; read again on SIGHUP' },
  { flags: '--tls-key <file>', env: 'DMS_TLS_KEY', text: 'its private key, PEM' },
  { flags: '--public-url <url>', env: 'DMS_PUBLIC_URL', parse: baseUrl, text: 'address of the SOAP port as callers see it, for the WSDL' },
  { flags: '--trust-proxy <addresses>', env: 'DMS_TRUST_PROXY', parse: proxies, text: 'proxies whose X-Forwarded-For, -Proto, -Host, -Port and -Prefix count, for instance loopback or 10.0.0.0/8: the caller is who they say; each must set -For and -Proto itself' },
  { flags: '--max-text-bytes <bytes>', env: 'DMS_MAX_TEXT_BYTES', otherwise: 65_536, parse: count, text: 'longest text of a message' },
  { flags: '--mailbox-items <count>', env: 'DMS_MAILBOX_ITEMS', otherwise: 1_000_000, parse: count, text: 'messages that may wait for one user' },
  { flags: '--mailbox-bytes <bytes>', env: 'DMS_MAILBOX_BYTES', otherwise: 1_073_741_824, parse: count, text: 'bytes of text that may wait for one user' },
  { flags: '--max-attachment-bytes <bytes>', env: 'DMS_MAX_ATTACHMENT_BYTES', otherwise: 10_485_760, parse: wholeNumber(0, Number.MAX_SAFE_INTEGER), text: 'longest file that goes with a message; 0: no files' },
  { flags: '--mailbox-attachment-bytes <bytes>', env: 'DMS_MAILBOX_ATTACHMENT_BYTES', otherwise: 268_435_456, parse: count, text: 'bytes of files that may wait for one user' },
  { flags: '--checkpoint-bytes <bytes>', env: 'DMS_CHECKPOINT_BYTES', otherwise: 33_554_432, parse: wholeNumber(1024, 1_073_741_824), text: 'bytes of the log after which it is brought into the tree; what the log holds costs memory' },
  { flags: '--max-connections <count>', env: 'DMS_MAX_CONNECTIONS', otherwise: 20_000, parse: count, text: 'connections at a time, on each port' },
  { flags: '--max-connections-per-address <count>', env: 'DMS_MAX_CONNECTIONS_PER_ADDRESS', otherwise: 10_000, parse: count, text: 'connections at a time from one address, on each port' },
  { flags: '--max-requests-per-second <count>', env: 'DMS_MAX_REQUESTS_PER_SECOND', otherwise: 1_000_000, parse: count, text: 'requests a second from one address' },
  { flags: '--request-timeout <seconds>', env: 'DMS_REQUEST_TIMEOUT', otherwise: 10, parse: seconds, text: 'how long a request may take to arrive, and a SOAP answer to be read' },
  { flags: '--max-unread-bytes <bytes>', env: 'DMS_MAX_UNREAD_BYTES', otherwise: 1_048_576, parse: wholeNumber(65_536, Number.MAX_SAFE_INTEGER), text: 'bytes that may wait for a peer that reads slowly; then nothing more is read from it or delivered to it' },
  { flags: '--login-failures-per-address <count,per-minute>', env: 'DMS_LOGIN_FAILURES_PER_ADDRESS', otherwise: '20,30', parse: allowance, text: 'failed logins from one address: how many at once, and how many a minute come back' },
  { flags: '--login-failures-per-user <count,per-minute>', env: 'DMS_LOGIN_FAILURES_PER_USER', otherwise: '10,60', parse: allowance, text: 'failed logins as one user; let more come back than for an address, or one address can lock a user out' },
  { flags: '--soap-body-bytes <bytes>', env: 'DMS_SOAP_BODY_BYTES', otherwise: DEFAULT_SOAP_LIMITS.bodyBytes, parse: bodyBytes, text: 'longest SOAP request' },
  { flags: '--soap-inflated-bytes <bytes>', env: 'DMS_SOAP_INFLATED_BYTES', otherwise: DEFAULT_SOAP_LIMITS.inflatedBytes, parse: bodyBytes, text: 'longest SOAP request after gzip was taken off' },
  { flags: '--soap-inflate-ratio <times>', env: 'DMS_SOAP_INFLATE_RATIO', otherwise: DEFAULT_SOAP_LIMITS.inflateRatio, parse: wholeNumber(1, 1032), text: 'how many times longer gzip may make a SOAP request of more than 64 KiB' },
  { flags: '--soap-depth <count>', env: 'DMS_SOAP_DEPTH', otherwise: DEFAULT_SOAP_LIMITS.depth, parse: wholeNumber(8, 1000), text: 'elements within elements of a SOAP request' },
  { flags: '--soap-attributes <count>', env: 'DMS_SOAP_ATTRIBUTES', otherwise: DEFAULT_SOAP_LIMITS.attributes, parse: wholeNumber(8, 1000), text: 'attributes of one element, namespaces included' },
  { flags: '--soap-elements <count>', env: 'DMS_SOAP_ELEMENTS', otherwise: DEFAULT_SOAP_LIMITS.elements, parse: wholeNumber(100, 10_000_000), text: 'elements of one SOAP request' },
  { flags: '--soap-parts <count>', env: 'DMS_SOAP_PARTS', otherwise: DEFAULT_SOAP_LIMITS.parts, parse: wholeNumber(2, 10_000), text: 'parts of a SOAP request with files (MTOM), the envelope included' },
  { flags: '--soap-part-header-bytes <bytes>', env: 'DMS_SOAP_PART_HEADER_BYTES', otherwise: DEFAULT_SOAP_LIMITS.partHeaderBytes, parse: wholeNumber(256, 65_536), text: 'bytes of the headers of one such part' },
  { flags: '--soap-held-bytes <bytes>', env: 'DMS_SOAP_HELD_BYTES', otherwise: 134_217_728, parse: count, text: 'bytes of SOAP requests and answers held at a time, of all connections; beyond it requests have 503' },
]

/** The flags of `dms client` and of the verbs; `only`: those that have it. */
// biome-ignore format: one row per flag
export const CLIENT_FLAGS: readonly (Flag & { readonly only?: readonly string[] })[] = [
  { flags: '--as <user>', env: 'DMS_USER', only: ['send', 'sendattach', 'listen', 'users'], text: 'the user to connect as' },
  { flags: '--count <messages>', env: 'DMS_COUNT', only: ['listen'], parse: count, text: 'leave after so many messages; otherwise at a signal' },
  { flags: '-s, --server <host>', env: 'DMS_SERVER', otherwise: 'localhost', text: 'host of the server' },
  { flags: '-p, --port <port>', env: 'DMS_PORT', otherwise: 8081, parse: wholeNumber(1, 65_535), text: 'port of the server' },
  { flags: '--tls', env: 'DMS_TLS', otherwise: false, parse: truth, text: 'the port is the server\'s TLS port' },
  { flags: '--ca <file>', env: 'DMS_CA', text: 'with --tls: certificates of the authorities to believe, PEM, instead of those that Node knows' },
  { flags: '--credentials <file>', env: 'DMS_CREDENTIALS', otherwise: ({ env }) => join(stateFolder(env), 'credentials.json'), text: 'where the secrets are kept that REGISTER makes' },
  { flags: '--downloads <folder>', env: 'DMS_DOWNLOADS', otherwise: ({ env }) => join(env.HOME || homedir(), 'Downloads', 'dms'), only: ['client', 'listen'], text: 'where files that come in are saved' },
  { flags: '--wsdl <url>', env: 'DMS_WSDL', otherwise: 'http://localhost:8080/?wsdl', parse: httpUrl, only: ['client', 'send', 'sendattach'], text: 'WSDL of the service that removes extra blanks before a SEND' },
  { flags: '--no-trim', env: 'DMS_NO_TRIM', otherwise: true, parse: (text) => !truth(text), only: ['client', 'send', 'sendattach'], text: 'send messages as typed' },
  { flags: '--legacy', env: 'DMS_LEGACY', otherwise: false, parse: truth, text: 'speak the original protocol, without secrets; the only one that the original server knows' },
  { flags: '--json', env: 'DMS_JSON', otherwise: false, parse: truth, text: 'print one JSON object a line' },
  { flags: '--raw', env: 'DMS_RAW', otherwise: false, parse: truth, text: 'show what peers sent as it is, where the output is no terminal' },
  { flags: '--timeout <seconds>', env: 'DMS_TIMEOUT', otherwise: 10, parse: seconds, text: 'how long one request may take; a SEND waits for a server that is lost' },
]

/** The flags of `dms user`; `only`: the actions that have it. */
// biome-ignore format: one row per flag
export const USER_FLAGS: readonly (Flag & { readonly only?: readonly string[] })[] = [
  DATA_FLAG,
  { flags: '--password', env: 'DMS_ASK_PASSWORD', otherwise: false, parse: truth, only: ['add', 'reset'], text: 'ask for a password instead of making a random secret' },
  { flags: '--days <days>', env: 'DMS_TOKEN_DAYS', otherwise: 90, parse: wholeNumber(1, 3650), only: ['token'], text: 'for how many days the token is good; another secret makes it void at once' },
  { flags: '--json', env: 'DMS_JSON', otherwise: false, parse: truth, text: 'print one JSON object a line' },
]

/** Where programs keep what is theirs (XDG Base Directory). */
export function stateFolder(env: ConfigSources['env']): string {
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'dms')
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

function allowance(text: string): AllowanceRate {
  const [, burst, perMinute] = /^([1-9]\d{0,8}),([1-9]\d{0,8})$/.exec(text) ?? []
  if (burst !== undefined) return { burst: Number(burst), perSecond: Number(perMinute) / 60 }
  throw new InvalidArgumentError('It must be two whole numbers from 1, for instance 20,30.')
}

function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text)
    if (choice !== undefined) return choice
    throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.`)
  }
}

/** A switch in the environment. */
function truth(text: string): boolean {
  return !['', '0', 'false', 'no'].includes(text.toLowerCase())
}

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('It must be an http or https URL.')
}

/** An address that paths are put behind. */
function baseUrl(text: string): string {
  const url = new URL(httpUrl(text))
  if (url.search === '' && url.hash === '' && url.username === '' && url.password === '') return text
  throw new InvalidArgumentError('It must be an address without a query, a fragment or a password.')
}

/** express's names for the ranges that one's own proxies are in. */
const RANGES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal'])
const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 }

/** A list of addresses and subnets for express's `trust proxy`. */
function proxies(text: string): string {
  for (const one of text.split(',')) {
    const [, address = '', bits] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(one.trim()) ?? []
    const most = BITS[isIP(address)]
    const isSubnet = most !== undefined && Number(bits ?? most) <= most && Number(bits ?? most) > 0
    if (!isSubnet && !RANGES.has(one.trim())) {
      throw new InvalidArgumentError(
        `It must be addresses, subnets such as 10.0.0.0/8, or ${[...RANGES].join(', ')}, with commas between.`,
      )
    }
  }
  return text
}
