import { resolve } from 'node:path'
import { mistake } from './config-explanation.ts'
import type { BACKENDS, LOG_FORMS, LOG_LEVELS, METRICS, REGISTRATIONS } from './config-flags.ts'
import { isLoopback } from './domain/address.ts'
import type { AllowanceRate } from './domain/allowances.ts'
import type { SoapLimits } from './soap/limits.ts'

/** How a server runs; `SERVER_FLAGS` says what each means. */
export interface ServerConfig {
  readonly host: string
  readonly port: number
  readonly soapPort: number
  /** The folder of the store, absolute. */
  readonly folder: string
  readonly backend: (typeof BACKENDS)[number]
  readonly log: (typeof LOG_FORMS)[number]
  readonly logLevel: (typeof LOG_LEVELS)[number]
  readonly metrics: (typeof METRICS)[number]
  readonly allowLegacy: boolean
  readonly allowOpen: boolean
  readonly allowPlainPasswords: boolean
  readonly requireAuth: boolean
  readonly registration: (typeof REGISTRATIONS)[number]
  readonly window: number
  readonly heartbeatSeconds: number
  readonly tlsPort: number | undefined
  readonly httpsPort: number | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly publicUrl: string | undefined
  readonly trustProxy: string | undefined
  readonly maxTextBytes: number
  readonly mailboxItems: number
  readonly mailboxBytes: number
  readonly maxAttachmentBytes: number
  readonly mailboxAttachmentBytes: number
  /** Bytes of the log that begin a checkpoint. */
  readonly checkpointBytes: number
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly maxRequestsPerSecond: number
  readonly requestTimeoutMs: number
  readonly maxUnreadBytes: number
  readonly loginFailuresPerAddress: AllowanceRate
  readonly loginFailuresPerUser: AllowanceRate
  readonly soapLimits: SoapLimits
  /** Bytes of SOAP bodies held at a time, of all connections. */
  readonly soapHeldBytes: number
}

/** The values of `SERVER_FLAGS`. */
export type ServerFlagValues = Omit<
  ServerConfig,
  'folder' | 'requestTimeoutMs' | 'heartbeatSeconds' | 'soapLimits'
> & {
  readonly data: string
  readonly requestTimeout: number
  readonly heartbeat: number
  readonly soapBodyBytes: number
  readonly soapInflatedBytes: number
  readonly soapInflateRatio: number
  readonly soapDepth: number
  readonly soapAttributes: number
  readonly soapElements: number
  readonly soapParts: number
  readonly soapPartHeaderBytes: number
}

/** How a server runs, by its flags. Throws `ConfigExplanation`. */
export function serverConfig(values: ServerFlagValues): ServerConfig {
  assertAdmission(values)
  assertTls(values)
  assertHeld(values)
  const { data, requestTimeout, heartbeat, ...others } = values
  const { soapBodyBytes, soapInflatedBytes, soapInflateRatio, ...rest } = others
  const { soapDepth, soapAttributes, soapElements, soapParts, soapPartHeaderBytes, ...options } = rest
  return {
    ...options,
    folder: resolve(data),
    heartbeatSeconds: heartbeat,
    requestTimeoutMs: requestTimeout * 1000,
    soapLimits: {
      bodyBytes: soapBodyBytes,
      inflatedBytes: soapInflatedBytes,
      inflateRatio: soapInflateRatio,
      depth: soapDepth,
      attributes: soapAttributes,
      elements: soapElements,
      attachmentBytes: values.maxAttachmentBytes,
      parts: soapParts,
      partHeaderBytes: soapPartHeaderBytes,
    },
  }
}

/** A request of the largest size must fit, or nobody could ever send one. */
function assertHeld({ soapBodyBytes, soapInflatedBytes, soapHeldBytes }: ServerFlagValues): void {
  const least = 2 * Math.max(soapBodyBytes, soapInflatedBytes)
  if (soapHeldBytes >= least) return
  throw mistake(
    `--soap-held-bytes ${soapHeldBytes} is less than twice what one request may have by --soap-body-bytes and ` +
      `--soap-inflated-bytes: make it at least ${least}`,
  )
}

/** A server that other machines reach says whom of them it lets in: nobody is unauthenticated by accident. */
function assertAdmission({
  host,
  allowLegacy,
  allowOpen,
  requireAuth,
}: Partial<ServerConfig> & { host: string }): void {
  const unauthenticated = allowLegacy || allowOpen
  const remote = !isLoopback(host) && host !== 'localhost'
  if (remote && !unauthenticated && !requireAuth) {
    const why =
      `--host ${host} lets other machines in. The original protocol proves nobody's identity: with ` +
      '--allow-legacy whoever reaches the port can act as any user, with --allow-open as any user without a ' +
      'credential. Add the one you want, or --require-auth to let in only users who prove who they are'
    throw mistake(why)
  }
  if (requireAuth && unauthenticated) {
    const why = '--require-auth contradicts --allow-legacy and --allow-open: choose'
    throw mistake(why)
  }
}

function assertTls({ tlsPort, httpsPort, tlsCert, tlsKey }: Partial<ServerConfig>): void {
  const wanted = tlsPort !== undefined || httpsPort !== undefined
  const given = [tlsCert, tlsKey].filter((file) => file !== undefined).length
  if (given === (wanted ? 2 : 0)) return
  const why = 'TLS takes a port (--tls-port, --https-port or both), --tls-cert and --tls-key'
  throw mistake(why)
}
