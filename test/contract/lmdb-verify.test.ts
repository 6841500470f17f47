import { inspectStore } from '../../src/backend/lmdb/inspect.ts'
import { numberKey } from '../../src/backend/lmdb/keys.ts'
import { REMOVED_RECORD } from '../../src/backend/lmdb/record.ts'
import { type LmdbFolder, makeLmdbFolder } from '../support/lmdb-folder.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { register } from '../support/words.ts'

let folder: LmdbFolder
beforeEach(async () => {
  folder = await makeLmdbFolder()
  await register(await folder.reopen(), 'juliet')
})
afterEach(async () => {
  await folder.close()
  await removeTempFolders()
})

/** What `dms store verify` says of the folder, and its exit code. */
async function verify(): Promise<{ code: number; said: unknown[] }> {
  const said: unknown[] = []
  const code = await inspectStore('verify', {
    folder: folder.path,
    print: (line) => said.push(JSON.parse(line)),
  })
  return { code, said }
}

test('dms store verify reads the accounts that were removed, and names a record there that is none', async () => {
  const put = (key: Buffer, record: Buffer) =>
    folder.behind((environment) => environment.commit([{ table: environment.removed, key, record }]))
  await put(numberKey(7), REMOVED_RECORD)
  const before = await verify()
  expect(before).toEqual({ code: 0, said: [{ records: expect.any(Number), damaged: 0 }] })
  await put(numberKey(8), Buffer.from('odd'))
  const [problem, summary] = (await verify()).said
  expect(problem).toEqual({ database: 'removed', key: '00000008', problem: 'not a removed account' })
  expect(summary).toEqual({
    records: 1 + (before.said[0] as { records: number }).records,
    damaged: 1,
  })
})
