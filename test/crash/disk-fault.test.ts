import { describeWith } from '../support/describe-with.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { diskFaultRun } from './disk-fault-run.ts'

const WRITES = 'write,writev,pwrite64,pwritev'
const SYNCS = 'fdatasync,fsync'

/**
 * Reliability R3, wire-protocol 3, 5. Calls are counted by thread, and each kind for itself, so one run can meet several
 * faults. `npm run soak:disk` goes through more of them, one by one.
 */
describeWith('strace')('a disk that fails under load', () => {
  afterAll(removeTempFolders)

  test.each([
    ['once, in a write', `${WRITES}:error=EIO:when=3`],
    ['for a while, in every write, as when it is full', `${WRITES}:error=ENOSPC:when=4..8`],
    ['once, in a sync', `${SYNCS}:error=EIO:when=3`],
    ['for a while, in every sync', `${SYNCS}:error=EIO:when=4..8`],
  ])(
    '%s: SENDs are refused, the server is not ready, recovers by itself, and has lost nothing that it acknowledged',
    async (_, inject) => {
      const { outcome, readyz, refused, findings, left } = await diskFaultRun(inject, 1)
      expect({ outcome, readyz, findings, left }).toEqual({
        outcome: 'recovered',
        readyz: 503,
        findings: [],
        left: 0,
      })
      expect(refused).toBeGreaterThan(0)
    },
    60_000,
  )
})
