import { describeWith } from '../support/describe-with.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { type DiskFaultRun, diskFaultRun } from './disk-fault-run.ts'

/** Reliability R3, wire-protocol 3, 5. Calls are counted by thread, and each kind for itself. `npm run soak:disk` goes through many more. */
describeWith('strace')('a disk that fails under load', () => {
  const underLoad = [
    ['once, in a write of the log', 'pwrite64:error=EIO:when=6', {}],
    ['for a while, in every sync', 'fdatasync,fsync:error=EIO:when=4..8', {}],
    ['once, in a sync among checkpoints', 'fdatasync:error=EIO:when=12', { checkpoints: true }],
    ['for a while, while segments of the log begin', 'fsync:error=EIO:when=6..9', { checkpoints: true }],
  ] as const
  const atStart = [
    ['a page', 'writev,pwrite64:error=EIO:when=1', { afterKill: true }],
    ['a sync', 'fdatasync:error=EIO:when=1', { afterKill: true }],
  ] as const
  /** All at once, each with a server and a folder of its own: they wait more than they work. */
  const runs = new Map<string, Promise<DiskFaultRun>>()

  beforeAll(async () => {
    for (const [, inject, options] of [...underLoad, ...atStart])
      runs.set(inject, diskFaultRun(inject, 1, options))
    await Promise.allSettled(runs.values())
  }, 120_000)
  afterAll(removeTempFolders)

  const runOf = (inject: string) => runs.get(inject) as Promise<DiskFaultRun>

  test.each(underLoad)(
    '%s: SENDs are refused, the server is not ready, recovers by itself, and has lost nothing that it acknowledged',
    async (_, inject) => {
      const { outcome, readyz, refused, findings, left } = await runOf(inject)
      expect({ outcome, readyz, findings, left }).toEqual({
        outcome: 'recovered',
        readyz: 503,
        findings: [],
        left: 0,
      })
      expect(refused).toBeGreaterThan(0)
    },
  )

  // After a page that could not be written the driver may end the process: its message about it is longer than its
  // buffer (mdb.c, "Attempting to write page"). Whatever it does, nothing is lost.
  test.each(atStart)(
    'at the start, in %s of the tree: the server does not start, and loses nothing',
    async (_, inject) => {
      const { outcome, findings, left } = await runOf(inject)
      expect({ outcome, findings, left }).toEqual({ outcome: 'not started', findings: [], left: 0 })
    },
  )
})
