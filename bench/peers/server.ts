import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A server that the bench started. */
export interface Server {
  readonly pid: number
  readonly port: number
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

/** How to start a server on `port`, with everything that it keeps in `folder`. */
export type Command = (port: number, folder: string) => readonly [command: string, ...args: string[]]

/** Debian keeps servers where people's shells do not look. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }

/** What is to be stopped and removed when this process ends before its time. */
const running = new Set<() => void>()
process.once('exit', () => {
  for (const remove of running) remove()
})

/** Starts a server in a temporary folder and resolves when it accepts connections. */
export async function startServer(name: string, command: Command): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`))
  const port = await freePort()
  const [program, ...args] = command(port, folder)
  const log = join(folder, 'output')
  const output = openSync(log, 'w')
  const child = spawn(program, args, { stdio: ['ignore', output, output], env: ENVIRONMENT })
  const remove = () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  running.add(remove)
  let ended: string | undefined
  const exit = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      ended = why
      resolve()
    }
    child.once('error', (error) => end(error.message))
    child.once('exit', (code, signal) => end(`it ended (${code ?? signal})`))
  })
  while (!(await accepts(port))) {
    if (ended !== undefined) throw new Error(`${name} does not start: ${ended}\n${readFileSync(log, 'utf8')}`)
    await delay(20)
  }
  return {
    pid: child.pid as number,
    port,
    async stop() {
      child.kill('SIGKILL')
      await exit
      running.delete(remove)
      remove()
    },
  }
}

/** What a program says about its version, or undefined when it is not installed. */
export function versionOf(program: string, flag: string, pattern: RegExp): string | undefined {
  try {
    return pattern.exec(execFileSync(program, [flag], { env: ENVIRONMENT, stdio: 'pipe' }).toString())?.[1]
  } catch (error) {
    // mosquitto ends with 3 after -h, having said its version.
    return pattern.exec(String((error as { stdout?: Buffer }).stdout ?? ''))?.[1]
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
