import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** A program of another world that speaks lines with us. */
export interface Peer {
  /** The next line that it writes. Rejects, with what it said on standard error, when it ends instead. */
  line(): Promise<string>
  write(line: string): void
  close(): Promise<void>
}

/** Debian's Python: another one on the path has none of Debian's packages. */
export const PYTHON = '/usr/bin/python3'

/** Where a file of this folder is. */
export function interopFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

/** The lines of a stream, each ended by LF alone: node:readline also ends them at U+2028, which a JSON string may hold. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/** Starts a program, in this folder if one is named. */
export function startPeer(program: string, args: readonly string[], folder?: string): Peer {
  const child: ChildProcessWithoutNullStreams = spawn(program, args, { cwd: folder })
  const lines = linesOf(child.stdout)
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
      throw new Error(`${program} ${args.join(' ')} ended: ${complaint}`)
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
