import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  EAGER_CHECKPOINTS,
  type Ended,
  runDmsToEnd,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.ts'
import { makeTempFolder } from '../support/temp-folder.ts'
import { checkHistory, type Finding } from './history.ts'
import { createLoad } from './load.ts'
import { stableAddress, USERS } from './participants.ts'
import { createRandom } from './random.ts'
import { underStrace } from './strace.ts'

/** What came of a disk that failed for a while under load. */
export interface DiskFaultRun {
  /** What the server did: it refused and recovered, it ended, it would not start, or the fault never came. */
  readonly outcome: 'recovered' | 'ended' | 'not started' | 'no fault'
  /** GET /readyz while it refused. */
  readonly readyz?: number
  readonly ended?: Ended
  /** What was said when it would not start. */
  readonly words?: string
  readonly refused: number
  readonly findings: readonly Finding[]
  /** Items that the store still held after everything was drained. */
  readonly left: number
}

/** Messages that are accepted after the fault before the server is killed. */
const AFTERWARDS = 50
/** When the fault has not come by then, it will not come. */
const NO_FAULT_AFTER = 2000

/**
 * Reliability R3: strace makes system calls on the store's files fail while users talk. Then the server is killed, started
 * without faults, and everything is drained.
 * @param options.checkpoints the server that is to suffer is always in the middle of a checkpoint.
 * @param options.afterKill the server that is to suffer starts on what one left that was killed: it has more to do at its start.
 * @param inject as strace's `-e inject=` takes it, for instance `fdatasync:error=EIO:when=5`. Calls count by thread.
 */
export async function diskFaultRun(
  inject: string,
  seed: number,
  { afterKill = false, checkpoints = false } = {},
): Promise<DiskFaultRun> {
  const random = createRandom(seed)
  const folder = await makeTempFolder()
  const server = await stableAddress()
  const load = createLoad({ server, users: USERS, random, patient: true })
  const { port } = server
  let running = await startServerProcess({ folder, port })
  try {
    await load.register()
    await (afterKill ? running.kill() : end(running))

    const calls = ['write', 'writev', 'pwrite64', 'pwritev', 'fdatasync', 'fsync', 'ftruncate']
    const tracing = {
      log: join(await makeTempFolder(), 'calls'),
      calls,
      files: storeFiles(folder),
      inject: [inject],
    }
    const faulty = await startServerProcess({
      folder,
      port,
      under: underStrace(tracing),
      flags: checkpoints ? EAGER_CHECKPOINTS : [],
      // One thread for the store's work: calls count by thread.
      env: { UV_THREADPOOL_SIZE: '1' },
    }).catch((error: Error) => error)
    let found: Pick<DiskFaultRun, 'outcome' | 'readyz' | 'ended' | 'words'>
    if (faulty instanceof Error) {
      found = { outcome: 'not started', words: faulty.message }
    } else {
      running = faulty
      load.start()
      found = await sufferFault()
    }
    await running.kill()
    await load.killed()

    running = await startServerProcess({ folder, port })
    await load.drain()
    await end(running)
    const stats = await runDmsToEnd(['store', 'stats', '--data', folder])
    return {
      ...found,
      refused: load.history.filter(({ kind }) => kind === 'refused').length,
      findings: checkHistory(load.history, load.leniency),
      left: (JSON.parse(stats.stdout) as { waiting: number }).waiting,
    }
  } finally {
    await running.kill()
    await load.close()
  }

  async function sufferFault(): Promise<Pick<DiskFaultRun, 'outcome' | 'readyz' | 'ended'>> {
    const ended = running.ended.then((ended) => ({ outcome: 'ended' as const, ended }))
    const failed = running.logged('store-failed').then(async () => {
      const { status } = await running.readyz()
      await running.logged('store-recovered')
      await accepted(AFTERWARDS)
      return { outcome: 'recovered' as const, readyz: status }
    })
    failed.catch(() => {}) // it ended
    return await Promise.race([
      ended,
      failed,
      load.grown(NO_FAULT_AFTER).then(async () => {
        const failing = running.log.some(({ event }) => event === 'store-failed')
        return failing ? await failed : { outcome: 'no fault' as const }
      }),
    ])
  }

  /** Resolves when so many more messages were accepted, or the server has ended. */
  async function accepted(count: number): Promise<void> {
    const now = () => load.history.filter(({ kind }) => kind === 'acknowledged').length
    const enough = now() + count
    let over = false
    void running.ended.then(() => {
      over = true
    })
    while (now() < enough && !over) await wait(20)
  }
}

async function end(server: ServerProcess): Promise<void> {
  server.signal('SIGTERM')
  await server.ended
}

/** The files that a store may have in its folder, and the folder. */
function storeFiles(folder: string): string[] {
  const segments = Array.from({ length: 500 }, (_, i) => `log-${String(i).padStart(10, '0')}`)
  return [folder, ...['store.mdb', ...segments].map((name) => join(folder, name))]
}
