import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { EAGER_CHECKPOINTS, type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { makeTempFolder } from '../support/temp-folder.ts'
import { checkHistory, type Finding, type HistoryEvent } from './history.ts'
import { createLoad } from './load.ts'
import { stableAddress, USERS } from './participants.ts'
import { type DiskEvent, diskEvents, filesAfter, type PowerCut, RECORDED_CALLS } from './power-cut.ts'
import { createRandom } from './random.ts'
import { readStrace, underStrace } from './strace.ts'

/** What a server under load did to its files, and what its users saw meanwhile. */
export interface Recording {
  /** The files when it began. */
  readonly before: ReadonlyMap<string, Buffer>
  readonly events: readonly DiskEvent[]
  readonly history: readonly HistoryEvent[]
  /** When each event of the history happened, in milliseconds since 1970. */
  readonly times: readonly number[]
}

/** What came of one power cut. */
export interface ImageOutcome {
  /** Why the store did not open. */
  readonly error?: string
  readonly findings: readonly Finding[]
  /** What the store complained of while it was opened and drained. */
  readonly problems: readonly string[]
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Records a server for so many events of its users' history.
 * @param options.checkpoints it is always in the middle of a checkpoint.
 * @param options.users who talks, by default without files.
 * @param options.afterKill it begins with what a server left that was killed, and so with bringing its log into the tree; otherwise with an empty folder.
 */
export async function record(
  eventCount: number,
  seed: number,
  { afterKill = false, checkpoints = false, users = USERS } = {},
): Promise<Recording> {
  const flags = checkpoints ? EAGER_CHECKPOINTS : []
  const random = createRandom(seed)
  const folder = await makeTempFolder()
  const server = await stableAddress()
  const log = join(await makeTempFolder(), 'calls')
  const under = underStrace({ log, calls: RECORDED_CALLS })
  const times: number[] = []
  const now = fineClock()
  const recorded = () => times.push(now())
  const load = createLoad({ server, users, random, recorded })
  const before = new Map<string, Buffer>()
  let running: ServerProcess | undefined
  try {
    if (afterKill) {
      running = await startServerProcess({ folder, port: server.port })
      await talk()
      const found = await readdir(folder, { withFileTypes: true, recursive: true })
      for (const entry of found.filter((one) => one.isFile())) {
        const path = join(entry.parentPath, entry.name)
        before.set(relative(folder, path), await readFile(path))
      }
    }
    running = await startServerProcess({ folder, port: server.port, under, flags })
    await talk()
  } finally {
    await running?.kill()
    await load.close()
  }
  const events = diskEvents(readStrace(log), folder, before.keys())
  return { before, events, history: load.history, times }

  async function talk(): Promise<void> {
    if (load.history.length === 0) await load.register()
    const grown = load.grown(eventCount)
    load.start()
    await grown
    await running?.kill()
    await load.killed()
  }
}

/** Cuts the power at random moments of a recording, and looks what a store makes of what is left. */
export async function cutPower(
  { before: files, events, history, times }: Recording,
  { images, seed, honourSync = () => true }: { images: number; seed: number } & Pick<PowerCut, 'honourSync'>,
): Promise<ImageOutcome[]> {
  const random = createRandom(seed)
  const drained = openDrain()
  const outcomes: ImageOutcome[] = []
  try {
    while (outcomes.length < images) {
      const { call } = random.pick(events)
      // Before a call, or in the middle of it.
      const line = call.began + random.below(2)
      const image = filesAfter(events, { line, random, before: files, honourSync })
      const folder = join(await makeTempFolder(), 'data')
      await mkdir(folder)
      for (const [file, content] of image) {
        await mkdir(dirname(join(folder, file)), { recursive: true })
        await writeFile(join(folder, file), content)
      }
      const found = await drained.drain(folder)
      await rm(folder, { recursive: true })
      const at = call.beganAt * 1000
      const before = history.filter((_, i) => (times[i] as number) <= at)
      const sent = history.filter(({ kind }) => kind === 'sent')
      const { events: after = [], problems = [], ...error } = found
      const whole: HistoryEvent[] = [...before, ...sent, { kind: 'killed' }, ...after]
      const findings = checkHistory(whole, { mayRepeatAfterKill: () => true })
      outcomes.push({ ...error, findings, problems })
    }
  } finally {
    await drained.close()
  }
  return outcomes
}

/** The time that strace's log gives, and as fine: a commit takes less than the millisecond that `Date.now` counts in. */
function fineClock(): () => number {
  const before = Date.now()
  while (Date.now() === before) {
    // The next millisecond is about to begin.
  }
  const offset = Date.now() - performance.now()
  return () => offset + performance.now()
}

interface Drained {
  readonly error?: string
  readonly events?: readonly HistoryEvent[]
  readonly problems?: readonly string[]
}

/** The process that opens and drains. It is started again when a store brings it down. */
function openDrain(): { drain(folder: string): Promise<Drained>; close(): Promise<void> } {
  let child = start()
  return {
    async drain(folder) {
      child.process.stdin.write(`${folder}\n`)
      const { value } = await child.lines.next()
      if (typeof value === 'string') return JSON.parse(value) as Drained
      const [code, signal] = await child.exited
      child = start()
      return { error: `the process ended: ${code ?? signal}` }
    },
    async close() {
      child.process.stdin.end()
      await child.exited
    },
  }

  function start() {
    const args = ['--import', './tools/typescript.mjs', 'test/crash/image-child.ts']
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'ignore'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return { process: child, lines, exited: once(child, 'exit') }
  }
}
