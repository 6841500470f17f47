import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  EAGER_CHECKPOINTS,
  runDmsToEnd,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { checkHistory, type Finding, type HistoryEvent } from './history.ts'
import { createLoad } from './load.ts'
import { FILE_USERS, stableAddress, USERS } from './participants.ts'
import { createRandom } from './random.ts'

/** What came of killing a server again and again. */
export interface KillRun {
  readonly kills: number
  readonly acknowledged: number
  readonly shown: number
  /** Shown again after a kill, to a program that remembers nothing. */
  readonly repeated: number
  /** Messages with files that were acknowledged. */
  readonly files: number
  /**
   * At each kill, files on their way or waiting for their turn: asked to be sent and not acknowledged, shown and not yet there. One
   * that several kills met counts for each.
   */
  readonly uploadsCut: number
  readonly downloadsCut: number
  readonly findings: readonly Finding[]
  /** Items that the store still held after everything was drained. */
  readonly left: number
  /** Files that its folder of attachments still held then. */
  readonly filesLeft: number
}

/** What to do. */
export interface KillRunOptions {
  readonly kills: number
  readonly seed: number
  /** SIGKILL is what R1 is about; SIGTERM must do better (reliability R10). */
  readonly signal?: 'SIGKILL' | 'SIGTERM'
  /** Told after each kill. */
  readonly progress?: (kills: number) => void
}

/** The most events that a life of the server lasts. */
const MAX_EVENTS = 600
/** So that the kill finds the server in any phase, not only right after an answer. */
const MAX_PHASE_MS = 8

/** Reliability R1: kills the server under load, starts it on the same folder, again and again; drains at the end. */
export async function killRun({
  kills,
  seed,
  signal = 'SIGKILL',
  progress,
}: KillRunOptions): Promise<KillRun> {
  const random = createRandom(seed)
  const folder = await makeTempFolder()
  const server = await stableAddress()
  const load = createLoad({ server, users: [...USERS, ...FILE_USERS], random })
  let starts = 0
  let running = await start()
  try {
    await load.register()
    for (let kill = 1; kill <= kills; kill++) {
      const grown = load.grown(1 + random.below(MAX_EVENTS))
      load.start()
      await grown
      await pause(random.next() * MAX_PHASE_MS)
      await end(running, signal)
      await load.killed()
      progress?.(kill)
      running = await start()
    }
    await load.drain()
    await end(running, 'SIGTERM')
  } finally {
    await running.kill()
    await load.close()
  }
  const stats = await runDmsToEnd(['store', 'stats', '--data', folder])
  const filesLeft = (await readdir(join(folder, 'attachments'))).length
  await removeTempFolders()
  const acknowledged = load.history.filter((event) => event.kind === 'acknowledged')
  const shown = load.history.filter((event) => event.kind === 'shown')
  return {
    kills,
    acknowledged: acknowledged.length,
    shown: shown.length,
    repeated: shown.length - new Set(shown.map(({ text }) => text)).size,
    ...filesOf(load.history),
    findings: checkHistory(load.history, load.leniency),
    left: (JSON.parse(stats.stdout) as { waiting: number }).waiting,
    filesLeft,
  }

  /** Every other server is always in the middle of a checkpoint. */
  function start(): Promise<ServerProcess> {
    starts++
    return startServerProcess({ folder, port: server.port, flags: starts % 2 === 0 ? EAGER_CHECKPOINTS : [] })
  }
}

/** How many files a history tells of. */
function filesOf(history: readonly HistoryEvent[]): Pick<KillRun, 'files' | 'uploadsCut' | 'downloadsCut'> {
  const found = { files: 0, uploadsCut: 0, downloadsCut: 0 }
  const withFile = new Set<string>()
  const uploading = new Set<string>()
  const downloading = new Set<string>()
  for (const event of history) {
    if (event.kind === 'sent' && event.file !== undefined) {
      withFile.add(event.text)
      uploading.add(event.text)
    } else if (event.kind === 'acknowledged') {
      uploading.delete(event.text)
      if (withFile.has(event.text)) found.files++
    } else if (event.kind === 'shown' && withFile.has(event.text)) {
      downloading.add(event.text)
    } else if (event.kind === 'file') {
      downloading.delete(event.text)
    } else if (event.kind === 'killed') {
      found.uploadsCut += uploading.size
      found.downloadsCut += downloading.size
    }
  }
  return found
}

/** Ends a server. Rejects when it was asked to stop and did not end well. */
async function end(server: ServerProcess, signal: NodeJS.Signals): Promise<void> {
  server.signal(signal)
  const ended = await server.ended
  if (signal === 'SIGTERM' && ended.code !== 0)
    throw new Error(`it ended with ${ended.code ?? ended.signal}: ${ended.stderr}`)
}
