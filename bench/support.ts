import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server that a bench started. */
export interface StartedDms {
  readonly port: number
  readonly soapPort: number
  readonly pid: number
  readonly folder: string
  /** Processor time that it has used, all threads, in seconds. */
  cpuSeconds(): number
  /** Ends it as kill -9 does, and leaves its folder. */
  kill(): void
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

/** Starts the built server on free ports, in a folder of its own, logging errors only. */
export async function startDms(...flags: string[]): Promise<StartedDms> {
  const folder = mkdtempSync(join(tmpdir(), 'dms-bench-'))
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const args = [
    'server',
    '-p',
    '0',
    '--soap-port',
    '0',
    '--data',
    folder,
    '--log',
    'json',
    '--log-level',
    'error',
  ]
  const child = spawn(process.execPath, [main, ...args, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  const started = await new Promise<{ port: number; wsdl: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line)
      if (entry.event === 'started') resolve(entry)
      else console.error(line)
    })
  })
  const pid = child.pid as number
  return {
    port: started.port,
    soapPort: Number(new URL(started.wsdl).port),
    pid,
    folder,
    cpuSeconds: () => processorSeconds(pid),
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Processor time of a process, all its threads, in seconds (proc(5), stat: utime and stime in clock ticks of 10 ms). */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Memory that a process alone holds, in MiB: mapped files (the store's) do not count (proc(5), status: RssAnon). */
export function anonymousMiB(pid: number): number {
  const [, kib] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Number(kib) / 1024
}

/** The p-th percentile, two decimals. */
export function percentile(values: readonly number[], p: number): string {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN).toFixed(2)
}
