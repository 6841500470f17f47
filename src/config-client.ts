import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ClientOptions } from './cli/client-options.ts'
import { mistake } from './config-explanation.ts'
import { type ConfigSources, stateFolder } from './config-flags.ts'

/** The values of `CLIENT_FLAGS`. */
export type ClientFlagValues = Pick<ClientOptions, 'server' | 'port' | 'tls' | 'json' | 'raw'> & {
  readonly as?: string
  readonly wsdl?: string
  readonly trim?: boolean
  readonly legacy: boolean
  readonly ca?: string
  readonly credentials: string
  readonly downloads?: string
  readonly timeout: number
}

/** How a client runs, by its flags and the environment. Throws `ConfigExplanation`. */
export function clientConfig(values: ClientFlagValues, env: ConfigSources['env']): ClientOptions {
  const { server, port, wsdl = '', trim = false, legacy, tls, ca, json, raw, credentials, timeout } = values
  if (legacy && tls) throw mistake('--legacy and --tls: the original protocol knows no TLS')
  if (ca !== undefined && !tls) throw mistake('--ca is for --tls')
  const folder = stateFolder(env)
  return {
    server,
    port,
    wsdl,
    trim,
    protocol: legacy ? 'legacy' : 'session',
    tls,
    ca: ca === undefined ? undefined : readCertificates(ca),
    json,
    raw,
    credentialsFile: resolve(credentials),
    password: env.DMS_PASSWORD || undefined,
    shownFolder: join(folder, 'shown'),
    downloadsFolder: resolve(values.downloads ?? 'downloads'),
    historyFile: join(folder, 'history'),
    color: (env.NO_COLOR ?? '') === '',
    timeoutMs: timeout * 1000,
  }
}

/** Whom a verb connects as. Throws `ConfigExplanation`. */
export function userOf({ as }: ClientFlagValues): string {
  if (as !== undefined && as !== '') return as
  throw mistake('say who you are with --as USER, or in the environment with DMS_USER')
}

function readCertificates(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw mistake(`--ca: ${(cause as Error).message}`, cause)
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw mistake(`--ca: ${file} holds no certificate in PEM`)
}
