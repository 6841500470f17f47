import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createScreen, type Screen } from './screen.ts'
import { MAIN } from './server-process.ts'

const TERMINAL = fileURLToPath(new URL('terminal.py', import.meta.url))

/** What the clients of one test file remember between runs: secrets, what was shown, what was typed. Not those of whoever runs the tests. */
const state = mkdtempSync(join(tmpdir(), 'dms-state-'))
afterAll(() => rmSync(state, { recursive: true, force: true }))

/** Both protocols, for `describe.each`: name and flags. */
export const PROTOCOLS = [
  ['session', []],
  ['legacy', ['--legacy']],
] as const

type Environment = Readonly<Record<string, string>>

function environment(more: Environment = {}): NodeJS.ProcessEnv {
  return {
    ...process.env,
    XDG_STATE_HOME: state,
    DMS_CREDENTIALS: join(state, 'credentials.json'),
    DMS_DOWNLOADS: join(state, 'downloads'),
    ...more,
  }
}

/** What a client that was not at a terminal has said. */
export interface ScriptResult {
  readonly code: number | null
  readonly out: readonly string[]
  readonly hints: readonly string[]
}

/** Runs `dms client` with these lines on its standard input. */
export async function runScript(lines: readonly string[], ...args: readonly string[]): Promise<ScriptResult> {
  const client = openPipedClient(...args)
  client.type(...lines)
  return await client.end()
}

/** So many of each are registered by one run of the client, which costs far more than a registration does. */
const USERS_AT_ONCE = 8

/**
 * Gives names that no other test uses, registered: one for each of these beginnings. None begins with another.
 * @param flags how the client reaches the server.
 */
export function createUsers(
  beginnings: readonly string[],
  flags: () => readonly string[],
): () => Promise<string[]> {
  const ready: string[][] = []
  let made = 0

  return async () => {
    if (ready.length === 0) {
      for (let n = 0; n < USERS_AT_ONCE; n++, made++) {
        const ending = String.fromCharCode(97 + Math.floor(made / 26), 97 + (made % 26))
        ready.push(beginnings.map((beginning) => beginning + ending))
      }
      const lines = ready.flat().map((name) => `REGISTER ${name}`)
      expect((await runScript(lines, ...flags())).code).toBe(0)
    }
    return ready.shift() as string[]
  }
}

/** A `dms client` that is not at a terminal, while it runs. */
export interface PipedClient {
  /** Lines for its standard input. */
  type(...lines: readonly string[]): void
  /** Resolves when its standard output matches. */
  until(printed: RegExp): Promise<void>
  /** Ends its input; resolves when it has left. */
  end(): Promise<ScriptResult>
  readonly child: ChildProcessWithoutNullStreams
}

/** Starts `dms client` with pipes. */
export function openPipedClient(...args: readonly string[]): PipedClient {
  return openPiped('client', ...args)
}

/** Starts `dms` with pipes; the first argument is the command. */
export function openPiped(...args: readonly string[]): PipedClient {
  return talkTo(spawn(process.execPath, [MAIN, ...args], { env: environment() }))
}

/** Runs `dms` with this standard input, to its end. @param env more of an environment. */
export async function runDms(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Environment } = {},
): Promise<ScriptResult> {
  const command = talkTo(spawn(process.execPath, [MAIN, ...args], { env: environment(env) }))
  command.child.stdin.write(input)
  return await command.end()
}

/** Talks to a program with pipes, whatever it is. */
export function talkTo(child: ChildProcessWithoutNullStreams): PipedClient {
  const out: string[] = []
  const hints: string[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stderr }).on('line', (line) => hints.push(line))
  createInterface({ input: child.stdout }).on('line', (line) => {
    out.push(line)
    for (const look of waiting) look()
  })
  child.stdin.on('error', () => {}) // typed after it has left
  const closed = once(child, 'close')
  return {
    child,
    type: (...lines) => void child.stdin.write(lines.map((line) => `${line}\n`).join('')),
    until: (pattern) =>
      shown(
        waiting,
        () => out.join('\n'),
        pattern,
        () => hints.join('\n'),
      ),
    async end() {
      child.stdin.end()
      await closed
      return { code: child.exitCode, out, hints }
    },
  }
}

/** A `dms client` at a terminal. */
export interface TerminalClient {
  readonly screen: Screen
  /** Types, as it is: `\r` is the Enter key, `\x03` Ctrl-C. */
  type(keys: string): void
  /** Resolves when what is shown, its rows joined by newlines, matches. */
  until(shown: RegExp): Promise<void>
  /** Resolves to the exit code when it has left. */
  readonly left: Promise<number | null>
  /** Ends it, however it is. */
  close(): Promise<void>
}

/** Options of a terminal: its width, and the client's environment beyond the test's own. */
export interface TerminalOptions {
  readonly columns?: number
  readonly env?: Environment
}

/** Starts `dms client` in a pseudo-terminal. */
export function openTerminalClient(
  args: readonly string[],
  { columns = 80, env = {} }: TerminalOptions = {},
): TerminalClient {
  const command = [TERMINAL, String(columns), process.execPath, MAIN, 'client', ...args]
  const child = spawn('python3', command, { env: environment({ TERM: 'xterm', ...env }) })
  const screen = createScreen(columns)
  const waiting = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen.write(text)
    for (const look of waiting) look()
  })
  child.stdin.on('error', () => {}) // typed after it has left
  const left = once(child, 'close').then(() => child.exitCode)
  return {
    screen,
    left,
    type: (keys) => void child.stdin.write(keys),
    until: (pattern) => shown(waiting, () => screen.rows().join('\n'), pattern),
    async close() {
      child.stdin.end()
      child.kill()
      await left
    },
  }
}

/**
 * How long a text may take to be shown, in milliseconds, before the test fails and says what is shown in its place. More
 * than a client that has lost its server more than once may wait before it tries again (15 s).
 */
const SHOWN_WITHIN_MS = 25_000

/** Resolves when the text matches; `lookers` are called each time it may have changed. */
function shown(
  lookers: Set<() => void>,
  text: () => string,
  pattern: RegExp,
  aside: () => string = () => '',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!pattern.test(text())) return
      lookers.delete(look)
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      lookers.delete(look)
      reject(new Error(`${pattern} was not shown, but:\n${text()}\n${aside()}`))
    }, SHOWN_WITHIN_MS)
    lookers.add(look)
    look()
  })
}
