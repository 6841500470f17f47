import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createVerifier } from './client/scram.ts'
import type { ServerConfig } from './config-server.ts'
import type { Backend } from './domain/backend.ts'
import type { Observer } from './domain/observer.ts'
import { combineObservers } from './observe/combine.ts'
import type { Metrics } from './observe/metrics.ts'
import { createPlainLog } from './observe/plain-log.ts'
import { createMessagingPortType } from './port-types/messaging/port-type.ts'
import { textPortType } from './port-types/text.ts'
import { createAdministration } from './service/administration.ts'
import { createAuthentication } from './service/authentication.ts'
import { createMessaging } from './service/messaging.ts'
import { createTurns } from './service/turns.ts'
import type { HeaderHandler } from './soap/context.ts'
import { readContract } from './soap/contract.ts'
import type { PortType } from './soap/dispatch.ts'
import { createSoapEndpoint } from './soap/endpoint.ts'
import { createFastHttp } from './soap/fast-http.ts'
import { HeldBytes } from './soap/held-bytes.ts'
import { createSoapHttpHandler } from './soap/http-handler.ts'
import { createSecurityHandler } from './soap/ws-security.ts'
import { openAdminListener } from './transport/admin-listener.ts'
import { createLegacyProtocol } from './transport/legacy-protocol.ts'
import { openListener, type TlsFiles } from './transport/listener.ts'
import type { Protocol } from './transport/protocol.ts'
import { createRequestLimit } from './transport/request-limit.ts'
import { createSessionProtocol } from './transport/session-protocol.ts'
import { openHttpServer } from './web/http-server.ts'
import { createWebApp } from './web/web-app.ts'

/** How long connections may take to finish what they began when the server stops, in milliseconds. */
const GRACE_MS = 2000

/** Passwords of SOAP callers who register that are being turned into verifiers, or wait for that. */
const MAX_REGISTRATIONS = 32

/** A server that runs. */
export interface RunningServer {
  readonly host: string
  readonly port: number
  readonly soapPort: number
  readonly tlsPort: number | undefined
  readonly httpsPort: number | undefined
  /** Reads certificate and key again. Throws when they cannot be used; then the old ones stay. */
  renewTls(): void
  /** Turns new work away, finishes what was begun, and closes everything (reliability R10). */
  close(): Promise<void>
}

/** The backends by name, each loaded when it is wanted. */
const BACKENDS: Readonly<
  Record<ServerConfig['backend'], (config: ServerConfig, observer: Observer) => Promise<Backend>>
> = {
  async lmdb({ folder, ...config }, observer) {
    const { openLmdbBackend } = await import('./backend/lmdb/backend.ts')
    const { checkpointBytes } = config
    return openLmdbBackend({ folder, limits: mailboxLimits(config), checkpointBytes, observer })
  },
  async memory(config) {
    const { createMemoryBackend } = await import('./backend/memory/backend.ts')
    return createMemoryBackend(mailboxLimits(config))
  },
}

/** The forms of the log by name. */
const LOGS: Readonly<Record<ServerConfig['log'], (config: ServerConfig) => Promise<Observer>>> = {
  plain: async () => createPlainLog((line) => process.stdout.write(line)),
  async json({ logLevel }) {
    const { pino } = await import('pino')
    const { createJsonLog } = await import('./observe/json-log.ts')
    return createJsonLog(pino({ level: logLevel, base: null }))
  },
}

/** What `--metrics` means. */
const METRICS: Readonly<Record<ServerConfig['metrics'], () => Promise<Metrics | undefined>>> = {
  async on() {
    const { createMetrics } = await import('./observe/metrics.ts')
    return createMetrics({ now: Date.now })
  },
  off: async () => undefined,
}

/** Puts a server together and opens its ports. Rejects with the error of what could not be opened; what was open is closed again. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const metrics = await METRICS[config.metrics]()
  const observer = combineObservers([await LOGS[config.log](config), metrics?.observer ?? {}])
  const closers: (() => Promise<void>)[] = [async () => metrics?.close()]
  let stopping = false
  try {
    const backend = await BACKENDS[config.backend](config, observer)
    closers.push(() => backend.close())

    const { maxTextBytes, maxConnections, maxConnectionsPerAddress, requestTimeoutMs } = config
    const messaging = createMessaging({
      ...backend,
      observer,
      maxTextBytes,
      maxAttachmentBytes: config.maxAttachmentBytes,
      now: Date.now,
    })
    closers.push(() => messaging.close())

    const authentication = createAuthentication({
      store: backend.store,
      key: backend.secretKey,
      observer,
      now: () => performance.now(),
      limits: { perSource: config.loginFailuresPerAddress, perUser: config.loginFailuresPerUser },
    })

    if (config.backend === 'lmdb') {
      const administration = createAdministration({
        store: backend.store,
        messaging,
        authentication,
        clock: Date.now,
      })
      const admin = await openAdminListener(config.folder, administration)
      closers.push(() => admin.close())
    }

    const requestLimit = createRequestLimit(config.maxRequestsPerSecond, () => performance.now())
    const openRegistration = config.registration === 'open'
    const security = createSecurityHandler({ now: Date.now })
    const inTurn = createTurns(MAX_REGISTRATIONS)
    const messagingPortType = createMessagingPortType({
      messaging,
      authentication,
      observer,
      security,
      maxTextBytes,
      maxAttachmentBytes: config.maxAttachmentBytes,
      allowOpen: config.allowOpen,
      allowPlainPasswords: config.allowPlainPasswords,
      openRegistration,
      createVerifier: (password) => inTurn(() => createVerifier(password, 'chosen')),
      takeRequest(address) {
        const allowance = requestLimit.of(address)
        if (allowance.spent()) throw requestLimit.refusal
        allowance.spend(1)
      },
    })
    const openService = async (wsdl: string, portType: PortType, headers: readonly HeaderHandler[] = []) => {
      const contract = await readContract({
        wsdlPath: fileURLToPath(new URL(`../wsdl/${wsdl}`, import.meta.url)),
      })
      const endpoint = createSoapEndpoint({
        contract,
        portType,
        headers,
        limits: config.soapLimits,
        onFault: ({ correlationId, code, operation = '-', reason, cause, milliseconds }) => {
          observer.soapAnswered?.(operation, String(code), milliseconds)
          observer.soapFault?.(correlationId, operation, reason, String(code))
          if (cause !== undefined) observer.internalError?.(`SOAP ${correlationId}`, cause)
        },
        onResult: (operation, milliseconds) => observer.soapAnswered?.(operation, 'ok', milliseconds),
      })
      // A service that reads who calls from a header block has fields for that on its page.
      return { description: { ...contract, credentials: headers.length > 0 }, endpoint }
    }
    const services = new Map([
      ['/', await openService('text.wsdl', textPortType)],
      ['/messaging', await openService('messaging.wsdl', messagingPortType.operations, [security])],
    ])
    const endpoints = new Map([...services].map(([path, { endpoint }]) => [path, endpoint]))
    const held = new HeldBytes(config.soapHeldBytes)
    const handling = { held, answerTimeoutMs: requestTimeoutMs }
    const app = createWebApp({
      services: new Map([...services].map(([path, { description }]) => [path, description])),
      failure: () => (stopping ? 'the server is shutting down' : messaging.failure()),
      metrics: metrics && (() => metrics.read(backend.store)),
      publicUrl: config.publicUrl,
      trustProxy: config.trustProxy,
      onError: (error) => observer.internalError?.('http', error),
    })
    const ownPorts = new Set<number>()
    const tls = readTlsFiles(config)
    const openHttp = async (port: number, files: TlsFiles | undefined) => {
      const server = await openHttpServer({
        host: config.host,
        port,
        endpoints: new Map(
          [...endpoints].map(([path, endpoint]) => [path, createSoapHttpHandler(endpoint, handling)]),
        ),
        app,
        fastPath: (fast) => createFastHttp({ endpoints, held, ...fast }),
        maxConnections,
        requestTimeoutMs,
        observer,
        tls: files,
      })
      ownPorts.add(server.port)
      closers.push(() => server.close())
      return server
    }
    const http = await openHttp(config.soapPort, undefined)
    const https = config.httpsPort === undefined ? undefined : await openHttp(config.httpsPort, tls)

    const legacy = createLegacyProtocol({
      messaging,
      observer,
      maxTextBytes,
      requestTimeoutMs,
      allowRemote: config.allowLegacy,
      ownPorts,
      requestLimit,
    })
    const session = createSessionProtocol({
      messaging,
      authentication,
      observer,
      maxTextBytes,
      window: config.window,
      heartbeatSeconds: config.heartbeatSeconds,
      requestTimeoutMs,
      maxUnreadBytes: config.maxUnreadBytes,
      requestLimit,
      allowOpen: config.allowOpen,
      openRegistration,
    })
    const open = async (port: number, protocols: readonly Protocol[], files: TlsFiles | undefined) => {
      const listener = await openListener({
        host: config.host,
        port,
        protocols,
        maxConnections,
        maxConnectionsPerAddress,
        openingTimeoutMs: requestTimeoutMs,
        observer,
        tls: files,
      })
      ownPorts.add(listener.port)
      closers.push(() => listener.close(GRACE_MS))
      return listener
    }
    const listener = await open(config.port, [session, legacy], undefined)
    // The original's programs know no TLS.
    const tlsListener = config.tlsPort === undefined ? undefined : await open(config.tlsPort, [session], tls)

    // First of all: who waits for messages over SOAP is answered at once.
    closers.push(() => messagingPortType.close())

    return {
      host: listener.host,
      port: listener.port,
      soapPort: http.port,
      tlsPort: tlsListener?.port,
      httpsPort: https?.port,
      renewTls() {
        const files = readTlsFiles(config)
        if (files === undefined) return
        for (const server of [https, tlsListener]) server?.renewTls(files)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }

  /** The last that was opened goes first: requests are answered before sessions end, and those before the store closes. */
  async function close(): Promise<void> {
    stopping = true
    while (closers.length > 0) await closers.pop()?.()
  }
}

/** Certificate and key, if the configuration names them. Throws the error of the file system. */
function readTlsFiles({ tlsCert, tlsKey }: ServerConfig): TlsFiles | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined
  return { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') }
}

function mailboxLimits(config: Omit<ServerConfig, 'folder'>) {
  const { mailboxItems: items, mailboxBytes: bytes, mailboxAttachmentBytes: attachmentBytes } = config
  return { items, bytes, attachmentBytes }
}
