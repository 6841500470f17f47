import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestCertificate } from '../support/certificate.ts'

const OPERATIONS = readFileSync('docs/operations.md', 'utf8')
/** Where Debian's nginx has its modules. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so'
const HOST = '127.0.0.1'

/** A proxy of somebody else's, with the configuration that docs/operations.md shows. */
export interface RunningProxy {
  /** Its ports: SOAP over TLS, the same without TLS, and the messaging port over TLS. */
  readonly port: number
  readonly plainPort: number
  readonly messagingPort: number
  close(): Promise<void>
}

/** What stands behind it, and where its files are. */
export interface ProxyOptions {
  readonly folder: string
  readonly certificate: TestCertificate
  readonly soapPort: number
  readonly messagingPort: number
}

type Ports = Pick<RunningProxy, 'port' | 'plainPort' | 'messagingPort'>

interface Program {
  /** The whole configuration file. */
  configuration(options: ProxyOptions, ports: Ports): string
  /** Its arguments, to stay in the foreground as one process. */
  arguments(folder: string, file: string): readonly string[]
}

/** The configurations of that language in the document: for the SOAP port, and for the messaging port. */
function documented(language: string): readonly [soap: string, messaging: string] {
  const [soap = '', messaging = ''] = [
    ...OPERATIONS.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')),
  ].map(([, text]) => text)
  return [soap, messaging]
}

/** Puts what holds here in the place of what the document names, which must be there. */
function fill(text: string, ...places: readonly (readonly [there: string, here: string])[]): string {
  return places.reduce((filled, [there, here]) => {
    if (!filled.includes(there)) throw new Error(`docs/operations.md does not name ${there}`)
    return filled.replaceAll(there, here)
  }, text)
}

const PROGRAMS = {
  nginx: {
    configuration({ certificate, soapPort, messagingPort }, ports) {
      const [soap, messaging] = documented('nginx')
      const files = [
        ['/etc/ssl/dms.pem', certificate.certFile],
        ['/etc/ssl/dms.key', certificate.keyFile],
      ] as const
      const listen = `listen ${ports.port} ssl http2;\n    listen ${ports.plainPort};`
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${name};`,
      )
      return [
        'daemon off; master_process off; pid pid; error_log stderr;',
        existsSync(STREAM_MODULE) ? `load_module ${STREAM_MODULE};` : '',
        'events { worker_connections 512; }',
        `http { access_log off; ${temporary.join(' ')}`,
        fill(soap, ...files, ['listen 443 ssl http2;', listen], ['127.0.0.1:8080', `${HOST}:${soapPort}`]),
        '}',
        fill(
          messaging,
          ...files,
          ['listen 9443 ', `listen ${ports.messagingPort} `],
          ['127.0.0.1:8081', `${HOST}:${messagingPort}`],
        ),
      ].join('\n')
    },
    arguments: (folder, file) => ['-p', folder, '-e', 'stderr', '-c', file],
  },
  haproxy: {
    configuration({ folder, soapPort, messagingPort }, ports) {
      const [soap, messaging] = documented('haproxy')
      const file = ['/etc/ssl/dms-with-key.pem', join(folder, 'with-key.pem')] as const
      return [
        // Connections to the server are each thread's own at first: with one there are some to share.
        'global\n    nbthread 1',
        fill(
          soap,
          file,
          ['    bind :443 ', `    bind :${ports.plainPort}\n    bind :${ports.port} `],
          ['127.0.0.1:8080', `${HOST}:${soapPort}`],
        ),
        fill(
          messaging,
          file,
          [':9443 ', `:${ports.messagingPort} `],
          ['127.0.0.1:8081', `${HOST}:${messagingPort}`],
        ),
      ].join('\n')
    },
    arguments: (_folder, file) => ['-db', '-f', file],
  },
} as const satisfies Readonly<Record<string, Program>>

/** The proxies that are tried. */
export const PROXIES = Object.keys(PROGRAMS) as readonly (keyof typeof PROGRAMS)[]

/** A free port was taken before the proxy came to listen on it: others are tried. */
const ATTEMPTS = 3

/** Starts a proxy on free ports. Rejects with what it said when it does not listen. */
export async function startProxy(name: keyof typeof PROGRAMS, options: ProxyOptions): Promise<RunningProxy> {
  const program: Program = PROGRAMS[name]
  let complaint = ''
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [port, plainPort, messagingPort] = (await freePorts(3)) as [number, number, number]
    const ports = { port, plainPort, messagingPort }
    const folder = join(options.folder, `${name}-${port}`)
    await mkdir(folder)
    await writeFile(join(folder, 'with-key.pem'), `${options.certificate.cert}${options.certificate.key}`)
    const file = join(folder, 'configuration')
    await writeFile(file, program.configuration({ ...options, folder }, ports))
    const child = spawn(`/usr/sbin/${name}`, program.arguments(folder, file), {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let ended = false
    const end = once(child, 'close').then(() => {
      ended = true
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint += chunk
    })
    while (!ended && !(await listens(messagingPort))) await delay(10)
    if (ended) continue
    return {
      ...ports,
      async close() {
        child.kill('SIGTERM')
        await end
      },
    }
  }
  throw new Error(`${name} does not listen: ${complaint}`)
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: HOST })
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).then((yes) => {
    socket.destroy()
    return yes as boolean
  })
}

/** A place between a proxy and the server where one sees what the proxy sends. */
export interface Tap {
  readonly port: number
  /** What came on each connection so far, as Latin-1. */
  readonly connections: readonly { readonly bytes: string }[]
  /** How many bytes came, on all connections. */
  received(): number
  /** Resolves when so many have. */
  reached(bytes: number): Promise<void>
  close(): Promise<void>
}

/** Opens a tap before a port of this machine. */
export async function openTap(to: number): Promise<Tap> {
  const connections: { bytes: string }[] = []
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  let total = 0
  const listener = createServer({ noDelay: true }, (proxy) => {
    const server = connect({ port: to, host: HOST, noDelay: true })
    const connection = { bytes: '' }
    connections.push(connection)
    proxy.on('data', (chunk: Buffer) => {
      connection.bytes += chunk.toString('latin1')
      total += chunk.length
      for (const look of waiting) look()
    })
    for (const [one, other] of [
      [proxy, server],
      [server, proxy],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroySoon()
      })
    }
  })
  listener.listen(0, HOST)
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    connections,
    received: () => total,
    reached: (bytes) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (total < bytes) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      await once(listener.close(), 'close')
    },
  }
}
