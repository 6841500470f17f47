import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startDms } from '../support.ts'

const run = promisify(execFile)
const HERE = dirname(fileURLToPath(import.meta.url))

/** A server under load. */
export interface Peer {
  readonly port: number
  /** Its one process; undefined: it has several. */
  readonly pid: number | undefined
  stop(): Promise<void>
}

function stopper(child: ChildProcess): () => Promise<void> {
  return async () => {
    const ended = once(child, 'exit')
    child.kill()
    await ended
  }
}

/** Starts a program that prints its port. */
async function startPrinting(command: string, ...args: readonly string[]): Promise<Peer> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  if (line.done === true) throw new Error(`${command} did not start`)
  return { port: Number(line.value), pid: child.pid, stop: stopper(child) }
}

function startNode(name: string): Promise<Peer> {
  return startPrinting(
    process.execPath,
    '--import',
    './tools/typescript.mjs',
    join(HERE, 'node-servers.ts'),
    name,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}/?wsdl`)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  throw new Error(`nobody answers on port ${port}`)
}

/** What a server needs besides Node; where it is not there, the server is left out, and that is said. */
interface Kind {
  readonly name: string
  readonly needs: readonly string[]
  /** `folder` is for files of its own. */
  start(folder: string): Promise<Peer>
}

/** All that are compared, ours first. */
export const KINDS: readonly Kind[] = [
  {
    name: 'ours',
    needs: [],
    async start() {
      const { soapPort, pid, stop } = await startDms('--backend', 'memory')
      return { port: soapPort, pid, stop }
    },
  },
  {
    name: 'gSOAP',
    needs: ['/usr/bin/soapcpp2', '/usr/bin/gcc', '/usr/include/stdsoap2.h'],
    async start(folder) {
      for (const file of ['gsoap.h', 'gsoap.c']) copyFileSync(join(HERE, file), join(folder, file))
      await run('soapcpp2', ['-c', '-S', '-L', '-x', 'gsoap.h'], { cwd: folder })
      const sources = ['gsoap.c', 'soapC.c', 'soapServer.c']
      await run('gcc', ['-O2', '-o', 'gsoap', ...sources, '-lgsoap', '-lpthread'], { cwd: folder })
      return startPrinting(join(folder, 'gsoap'))
    },
  },
  {
    name: 'floor in C',
    needs: ['/usr/bin/gcc'],
    async start(folder) {
      const program = join(folder, 'floor')
      await run('gcc', ['-O2', '-o', program, join(HERE, 'floor.c')])
      return startPrinting(program)
    },
  },
  { name: 'bare node:http', needs: [], start: () => startNode('bare') },
  { name: 'node-soap on express', needs: [], start: () => startNode('node-soap') },
  {
    name: 'Spyne on gunicorn',
    needs: ['/usr/bin/gunicorn', '/usr/lib/python3/dist-packages/spyne'],
    async start() {
      const port = await freePort()
      const options = [
        '--workers',
        '2',
        '--log-level',
        'error',
        '--chdir',
        HERE,
        '--bind',
        `127.0.0.1:${port}`,
      ]
      const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
      const child = spawn('/usr/bin/python3', ['/usr/bin/gunicorn', ...options, 'spyne_text:application'], {
        stdio: ['ignore', 'inherit', 'inherit'],
        env,
      })
      await answers(port)
      return { port, pid: undefined, stop: stopper(child) }
    },
  },
]

/** What of a server's needs is not here. */
export function missing({ needs }: Kind): readonly string[] {
  return needs.filter((path) => !existsSync(path))
}
