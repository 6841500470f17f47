import { inspectStore } from '../../src/backend/lmdb/inspect.ts'
import { numberKey } from '../../src/backend/lmdb/keys.ts'
import { REMOVED_RECORD } from '../../src/backend/lmdb/record.ts'
import { harmless } from '../../src/domain/harmless.ts'
import { type LmdbFolder, makeLmdbFolder } from '../support/lmdb-folder.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { register, send, user } from '../support/words.ts'

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

test('dms store export writes users, messages and receipts as JSON, a line each, which harms no terminal', async () => {
  const store = await folder.reopen()
  await register(store, 'romeo')
  await send(store, 'romeo', 'juliet', 'delivered', 'r1')
  await store.confirm(user('juliet'), 1)
  const text = 'waits\n\x1b[2J\x9b\u202e\u2028'
  await send(store, 'romeo', 'juliet', text, 'r2')
  await folder.close()

  const lines: string[] = []
  expect(await inspectStore('export', { folder: folder.path, print: (line) => lines.push(line) })).toBe(0)
  for (const line of lines) expect(harmless(line)).toBe(line)
  const message = { sender: 'romeo', ref: 'r2', acceptedAt: '2023-11-14T22:13:20.000Z', text }
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { type: 'user', user: 'juliet', credential: false },
    { type: 'message', mailbox: 'juliet', seq: expect.any(Number), id: 1, ...message },
    { type: 'user', user: 'romeo', credential: false },
    { type: 'receipt', mailbox: 'romeo', seq: expect.any(Number), id: 0, ref: 'r1', recipient: 'juliet' },
  ])

  const counts: unknown[] = []
  await inspectStore('stats', { folder: folder.path, print: (line) => counts.push(JSON.parse(line)) })
  expect(counts).toEqual([
    expect.objectContaining({
      users: 2,
      withCredential: 0,
      waiting: 2,
      largestMailbox: 1,
      messagesAccepted: 2,
    }),
  ])
})
