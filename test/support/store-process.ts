import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A store in a process of its own, whose disk can be filled up. */
export interface StoreProcess {
  /** Asks for an operation of `store-child.ts`. Resolves to its outcome: a value, or `{ fault }`. */
  ask(operation: string, ...args: readonly string[]): Promise<unknown>
  /** What the store said about its health, in order. */
  readonly health: readonly string[]
  /** From now on its log cannot grow, and nothing can be written behind where that ends (RLIMIT_FSIZE). */
  fillDisk(): void
  /** From now on it can again. */
  freeDisk(): void
  /** Ends the process, as a crash does. */
  kill(): Promise<void>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Starts a process with a store in `folder`. @param tracer a command that runs the process under it, such as strace. */
export async function startStoreProcess(folder: string, ...tracer: readonly string[]): Promise<StoreProcess> {
  const script = ['--import', './tools/typescript.mjs', 'test/support/store-child.ts', folder]
  const [command, ...args] = [...tracer, process.execPath, ...script] as [string, ...string[]]
  const child = spawn(command, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  const answers = new Map<number, (outcome: unknown) => void>()
  const health: string[] = []
  let asked = 0

  const ready = new Promise<void>((resolve, reject) => {
    void exited.then(() => reject(new Error('the process ended')))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [key, outcome] = JSON.parse(line) as [number | 'ready' | 'health', unknown]
      if (key === 'ready') resolve()
      else if (key === 'health') health.push(String(outcome))
      else answers.get(key)?.(outcome)
    })
  })
  void exited.then(() => {
    for (const answer of answers.values()) answer({ fault: 'the process ended' })
  })
  await ready

  return {
    health,
    ask: (operation, ...rest) =>
      new Promise((resolve) => {
        answers.set(asked++, resolve)
        child.stdin.write(`${JSON.stringify([operation, ...rest])}\n`)
      }),
    fillDisk: () => limitFiles(String(statSync(join(folder, lastSegment(folder))).size)),
    freeDisk: () => limitFiles('unlimited'),
    async kill() {
      // What runs under a tracer ends with its input.
      child.stdin.end()
      child.kill('SIGKILL')
      await exited
    },
  }

  /** Sets the soft limit, so that it can be raised again. */
  function limitFiles(bytes: string): void {
    execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:unlimited`])
  }
}

/** The segment of the log that is being written. */
function lastSegment(folder: string): string {
  const segments = readdirSync(folder).filter((name) => name.startsWith('log-'))
  return segments.sort().at(-1) as string
}
