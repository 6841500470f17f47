import { describeWith } from '../support/describe-with.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { cutPower, type Recording, record } from './power-cut-run.ts'

/**
 * Reliability R2. Everything that the server writes and syncs is recorded, the power is cut at a random moment, and of what
 * was not synced each sector is kept or lost by coin toss. `npm run soak:power` looks at a thousand images.
 */
describeWith('strace')('the power is cut under load', () => {
  let fresh: Recording
  let restarted: Recording

  beforeAll(async () => {
    fresh = await record(600, 1)
    restarted = await record(300, 2, { afterKill: true, checkpoints: true })
  }, 60_000)

  afterAll(removeTempFolders)

  test('every store opens, and nothing acknowledged is lost, shown out of order, or without its receipt', async () => {
    for (const recording of [fresh, restarted]) {
      for (const outcome of await cutPower(recording, { images: 10, seed: 1 })) {
        expect(outcome).toEqual({ findings: [], problems: [] })
      }
    }
  }, 60_000)

  test('without its syncs the same recording loses acknowledged messages: these images can tell', async () => {
    const outcomes = await cutPower(fresh, { images: 10, seed: 1, honourSyncs: false })
    expect(outcomes.flatMap(({ findings }) => findings)).toContainEqual(
      expect.objectContaining({ complaint: 'acknowledged and lost' }),
    )
  }, 60_000)
})
