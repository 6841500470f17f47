import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A program of another world that speaks lines with us. */
export interface Peer {
  /** The next line that it writes. Rejects, with what it said on standard error, when it ends instead. */
  line(): Promise<string>
  write(line: string): void
  close(): Promise<void>
}

/** Where Debian's packages are; another Python on the path has none of them. */
const PROGRAMS = { '.py': '/usr/bin/python3', '.php': '/usr/bin/php' } as const

/** Starts a script of this folder. */
export function startPeer(script: `${string}.py` | `${string}.php`, ...args: readonly string[]): Peer {
  const program = script.endsWith('.py') ? PROGRAMS['.py'] : PROGRAMS['.php']
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child: ChildProcessWithoutNullStreams = spawn(program, [path, ...args])
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'close')
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk
  })
  child.stdin.on('error', () => undefined)
  return {
    async line() {
      const { value, done } = await lines.next()
      if (done !== true) return value
      await ended
      throw new Error(`${script} ended: ${complaint}`)
    },
    write(line) {
      child.stdin.write(`${line}\n`)
    },
    async close() {
      child.kill()
      await ended
    },
  }
}

/** What a client of soap-clients.py or soap-client.php saw. */
export interface Answer {
  readonly result?: string | null
  readonly fault?: string
  readonly detail?: readonly string[]
}

/** Lets a client program call an operation. */
export async function callBy(peer: Peer, operation: string, string: string | null): Promise<Answer> {
  peer.write(JSON.stringify({ operation, string }))
  return JSON.parse(await peer.line()) as Answer
}
