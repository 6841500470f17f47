import fc from 'fast-check'
import { type Environment, openEnvironment } from '../../src/backend/lmdb/environment.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

/** Log and tree together are one ordered map, whatever checkpoints and restarts lie between a write and a read. */
describe('the tables of a data folder', () => {
  afterEach(removeTempFolders)

  const key = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 6 })
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ put: key, record: fc.string({ maxLength: 40 }) }) },
    { weight: 3, arbitrary: fc.record({ remove: key }) },
    { weight: 1, arbitrary: fc.constant('reopen' as const) },
  )

  test('hold what was committed, in order, after any number of checkpoints and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), key, key, async (steps, a, b) => {
        const folder = await makeTempFolder()
        // So small that nearly every commit begins a checkpoint.
        const open = (): Promise<Environment> => openEnvironment({ folder, checkpointBytes: 100 })
        const model = new Map<string, string>()
        let environment = await open()
        for (const taken of steps) {
          if (taken === 'reopen') {
            await environment.close()
            environment = await open()
            continue
          }
          const table = environment.items
          const name = Buffer.from('put' in taken ? taken.put : taken.remove)
          const record = 'put' in taken ? Buffer.from(`-${taken.record}`) : undefined
          await environment.commit([{ table, key: name, record }])
          if (record === undefined) model.delete(name.toString('latin1'))
          else model.set(name.toString('latin1'), record.toString())
        }
        const [start, end] = [Buffer.from(a), Buffer.from(b)].sort(Buffer.compare) as [Buffer, Buffer]
        const found = [...environment.items.getRange({ start, end })]
        const wanted = [...model]
          .filter(([name]) => name >= start.toString('latin1') && name < end.toString('latin1'))
          .sort(([x], [y]) => (x < y ? -1 : 1))
        expect(found.map(({ key, value }) => [key.toString('latin1'), value.toString()])).toEqual(wanted)
        for (const [name, record] of model) {
          expect(environment.items.get(Buffer.from(name, 'latin1'))?.toString()).toBe(record)
        }
        await environment.close()
      }),
      { numRuns: 40 },
    )
  })
})
