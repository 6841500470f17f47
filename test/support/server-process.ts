import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What `dms` is. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** Checkpoints as often as can be: after every few messages. */
export const EAGER_CHECKPOINTS = ['--checkpoint-bytes', '1024'] as const

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Everything that it wrote. */
  readonly stdout: string
  readonly stderr: string
}

/** One line of the server's log. */
export interface LogEntry {
  readonly event: string
  readonly [field: string]: unknown
}

/** A server that is its own process, started from dist/. */
export interface ServerProcess {
  readonly port: number
  readonly soapPort: number
  /** With `--tls-port 0`. */
  readonly tlsPort: number | undefined
  readonly wsdl: string
  readonly pid: number
  /** What it has logged so far. */
  readonly log: readonly LogEntry[]
  /** Resolves with the first log entry of that event, of that user if one is named, past or to come; rejects when the server ends without one. */
  logged(event: string, user?: string): Promise<LogEntry>
  /** The answer to GET /readyz: status and text. */
  readyz(): Promise<{ readonly status: number; readonly text: string }>
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
  /** SIGKILL, unless it has ended; resolves when it is gone. */
  kill(): Promise<Ended>
}

/** How to start a server. */
export interface ServerProcessOptions {
  readonly folder: string
  /** 0, the default: any. */
  readonly port?: number
  /** The same. */
  readonly soapPort?: number
  readonly flags?: readonly string[]
  /** A command that runs the command that follows it, in its own process: `strace -D …`, `setpriv …`. */
  readonly under?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a server and waits until it listens. Rejects with what it said when it does not. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { folder, port = 0, soapPort = 0, flags = [], under = [], env = {} } = options
  const ports = ['-p', String(port), '--soap-port', String(soapPort)]
  const child = runDms(['server', ...ports, '--data', folder, '--log', 'json', ...flags], { under, env })
  const log: LogEntry[] = []
  const lines = createInterface({ input: child.process.stdout as NodeJS.ReadableStream })
  const changed = new Set<() => void>()
  lines.on('line', (line) => {
    log.push(JSON.parse(line) as LogEntry)
    for (const notify of changed) notify()
  })
  const closed = once(lines, 'close')

  const logged = (event: string, user?: string): Promise<LogEntry> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const entry = log.find((one) => one.event === event && (user === undefined || one.user === user))
        if (entry === undefined) return
        changed.delete(look)
        resolve(entry)
      }
      changed.add(look)
      look()
      void Promise.all([child.ended, closed]).then(([{ code, signal, stderr }]) =>
        reject(new Error(`the server ended (${code ?? signal}) without "${event}": ${stderr}`)),
      )
    })
  const started = (await logged('started')) as LogEntry & { port: number; tlsPort?: number; wsdl: string }
  const web = new URL(started.wsdl)
  return {
    port: started.port,
    soapPort: Number(web.port),
    tlsPort: started.tlsPort,
    wsdl: started.wsdl,
    pid: child.process.pid as number,
    log,
    logged,
    async readyz() {
      const answer = await fetch(`http://127.0.0.1:${web.port}/readyz`, { headers: { connection: 'close' } })
      return { status: answer.status, text: await answer.text() }
    },
    signal: (signal) => void child.process.kill(signal),
    ended: child.ended,
    kill() {
      child.process.kill('SIGKILL')
      return child.ended
    },
  }
}

/** Runs `dms` with these arguments to its end. */
export function runDmsToEnd(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return runDms(args, options).ended
}

interface RunOptions {
  readonly under?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

function runDms(
  args: readonly string[],
  { under = [], env = {} }: RunOptions,
): { process: ChildProcess; ended: Promise<Ended> } {
  const [command, ...rest] = [...under, process.execPath, MAIN, ...args] as [string, ...string[]]
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The configuration of whoever runs the tests is not the tests' own.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return { process: child, ended }
}
