import { readFileSync } from 'node:fs'
import { createCore } from './compose-core.ts'
import { createHttpPorts, createSocketPorts } from './compose-listeners.ts'
import { createSoapServices } from './compose-soap.ts'
import type { ServerConfig } from './config-server.ts'
import type { Backend } from './domain/backend.ts'
import type { Observer } from './domain/observer.ts'
import { combineObservers } from './observe/combine.ts'
import type { Metrics } from './observe/metrics.ts'
import { createPlainLog } from './observe/plain-log.ts'
import { createAdministration } from './service/administration.ts'
import { openAdminListener } from './transport/admin-listener.ts'
import { createDialThread } from './transport/dial-thread.ts'
import type { TlsFiles } from './transport/listener.ts'
import { createWebApp } from './web/web-app.ts'

/** How long connections may take to finish what they began when the server stops, in milliseconds. */
const GRACE_MS = 2000

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

    const dialThread = createDialThread(observer)
    closers.push(() => dialThread.close())

    const core = createCore(config, backend, observer)
    const { store, messaging, authentication } = core
    closers.push(() => messaging.close())

    if (config.backend === 'lmdb') {
      const administration = createAdministration({ store, messaging, authentication, clock: Date.now })
      const admin = await openAdminListener(config.folder, administration)
      closers.push(() => admin.close())
    }

    const soap = await createSoapServices(core)
    const app = createWebApp({
      services: soap.descriptions,
      failure: () => (stopping ? 'the server is shutting down' : messaging.failure()),
      metrics: metrics && (() => metrics.read(store)),
      publicUrl: config.publicUrl,
      trustProxy: config.trustProxy,
      onError: (error) => observer.internalError?.('http', error),
    })
    const httpPorts = createHttpPorts(core, soap, app)
    const socketPorts = createSocketPorts(core, dialThread.dial)
    const openHttp = async (port: number, files?: TlsFiles) => {
      const server = await httpPorts(port, files)
      closers.push(() => server.close())
      return server
    }
    const openSocket = async (port: number, files?: TlsFiles) => {
      const listener = await socketPorts(port, files)
      closers.push(() => listener.close(GRACE_MS))
      return listener
    }
    const tls = readTlsFiles(config)
    const http = await openHttp(config.soapPort)
    const https = config.httpsPort === undefined ? undefined : await openHttp(config.httpsPort, tls)
    const listener = await openSocket(config.port)
    const tlsListener = config.tlsPort === undefined ? undefined : await openSocket(config.tlsPort, tls)

    // First of all: who waits for messages over SOAP is answered at once.
    closers.push(() => soap.close())

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
