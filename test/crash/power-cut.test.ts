import { describeWith } from '../support/describe-with.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { FILE_USERS } from './participants.ts'
import { cutPower, type Recording, record } from './power-cut-run.ts'

/**
 * Reliability R2. Everything that the server writes and syncs is recorded, the power is cut at a random moment, and of what
 * was not synced each sector is kept or lost by coin toss. `npm run soak:power` looks at a thousand images.
 */
describeWith('strace')('the power is cut under load', () => {
  let fresh: Recording
  let restarted: Recording
  let withFiles: Recording

  beforeAll(async () => {
    fresh = await record(600, 1)
    restarted = await record(1000, 2, { afterKill: true, checkpoints: true })
    withFiles = await record(150, 3, { afterKill: true, users: FILE_USERS })
  }, 90_000)

  afterAll(removeTempFolders)

  test('every store opens, and nothing acknowledged is lost, shown out of order, or without its receipt', async () => {
    for (const recording of [fresh, restarted]) {
      for (const outcome of await cutPower(recording, { images: 10, seed: 1 })) {
        expect(outcome).toEqual({ findings: [], problems: [] })
      }
    }
  }, 60_000)

  test('also while the log is written over a segment of which the tree has everything', () => {
    const files = restarted.events.flatMap((event) =>
      event.kind === 'renamed' && event.file === 'log-spare' ? [event.to] : [],
    )
    const written = restarted.events.filter(({ kind, file }) => kind === 'written' && files.includes(file))
    expect(written).not.toEqual([])
  })

  test('of messages with files the same, and each has its file, whole; files of no message are gone', async () => {
    expect(withFiles.history.filter(({ kind }) => kind === 'acknowledged').length).toBeGreaterThan(20)
    for (const outcome of await cutPower(withFiles, { images: 15, seed: 2 })) {
      expect(outcome).toEqual({ findings: [], problems: [] })
    }
  }, 60_000)

  test('without its syncs the same recording loses acknowledged messages: these images can tell', async () => {
    const outcomes = await cutPower(fresh, { images: 10, seed: 1, honourSync: () => false })
    expect(outcomes.flatMap(({ findings }) => findings)).toContainEqual(
      expect.objectContaining({ complaint: 'acknowledged and lost' }),
    )
    const honourSync = (file: string) => !file.startsWith('attachments')
    const files = await cutPower(withFiles, { images: 10, seed: 2, honourSync })
    expect(files.flatMap(({ findings }) => findings)).toContainEqual(
      expect.objectContaining({ complaint: 'file lost' }),
    )
  }, 60_000)
})
