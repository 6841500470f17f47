import { openEnvironment } from '../../src/backend/lmdb/environment.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

afterEach(removeTempFolders)

test('a checkpoint that is done tells how much log it made superfluous', async () => {
  const folder = await makeTempFolder()
  let environment: Awaited<ReturnType<typeof openEnvironment>> | undefined
  const [bytes, milliseconds] = await new Promise<[number, number]>((resolve) => {
    const onCheckpoint = (...told: [number, number]): void => resolve(told)
    void openEnvironment({ folder, checkpointBytes: 100, onCheckpoint }).then((opened) => {
      environment = opened
      const record = Buffer.alloc(1000)
      return opened.commit([{ table: opened.items, key: Buffer.from('key'), record }])
    })
  })
  expect(bytes).toBeGreaterThan(1000)
  expect(bytes).toBeLessThan(1200)
  expect(milliseconds).toBeGreaterThan(0)
  await environment?.close()
})
