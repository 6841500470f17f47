import { existsSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspectStore } from '../../src/backend/lmdb/inspect.ts'
import type { StoredFile } from '../../src/domain/attachments.ts'
import type { Store } from '../../src/domain/store.ts'
import { attached, fileBytes, keep, readFile } from '../support/files.ts'
import { damage, type LmdbFolder, makeLmdbFolder } from '../support/lmdb-folder.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { confirmAll, envelope, inWords, mailbox, register, send, user } from '../support/words.ts'

/** What becomes of the files of a data folder when a server is killed, a record is damaged, or somebody removes one. */
describe('the files of a data folder', () => {
  let folder: LmdbFolder
  let store: Store

  beforeEach(async () => {
    folder = await makeLmdbFolder()
    store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
  })
  afterEach(async () => {
    await folder.close()
    await removeTempFolders()
  })

  const there = () => readdirSync(join(folder.path, 'attachments')).sort()
  const pathOf = ({ id }: StoredFile) => join(folder.path, 'attachments', id)

  async function sendFile(text: string, bytes = fileBytes(100)): Promise<StoredFile> {
    const file = await keep(folder.backend.attachments, bytes)
    await store.append([{ ...envelope('romeo', 'juliet', text, text), attachment: attached(file) }])
    return file
  }

  async function verify(): Promise<{ code: number; lines: Record<string, unknown>[] }> {
    const lines: Record<string, unknown>[] = []
    const code = await inspectStore('verify', {
      folder: folder.path,
      print: (line) => lines.push(JSON.parse(line)),
    })
    return { code, lines }
  }

  test('are for their owner only', async () => {
    const file = await sendFile('one')
    expect(statSync(pathOf(file)).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder.path, 'attachments')).mode & 0o777).toBe(0o700)
  })

  test('are there when the store is opened again, with the messages they belong to', async () => {
    const bytes = fileBytes(50_000)
    const file = await sendFile('one', bytes)
    store = await folder.reopen()
    expect(await mailbox(store, 'juliet')).toMatchObject([{ text: 'one', attachment: attached(file) }])
    expect((await readFile(folder.backend.attachments, file.id)).equals(bytes)).toBe(true)
    // And again, from the tree rather than the log.
    store = await folder.reopen()
    await confirmAll(store, 'juliet')
    expect(there()).toEqual([])
  })

  test('are removed at the next start when no message refers to them: uploads that were cut short, files that outlived their message', async () => {
    const file = await sendFile('kept')
    await keep(folder.backend.attachments, fileBytes(10)) // finished, never sent
    const upload = await folder.backend.attachments.begin(10)
    await upload.write(fileBytes(5)) // never finished
    writeFileSync(join(folder.path, 'attachments', 'f'.repeat(32)), 'left when its message was confirmed')
    writeFileSync(join(folder.path, 'attachments', 'README'), 'not ours')
    expect(there()).toHaveLength(5)
    await folder.reopen()
    expect(there()).toEqual([file.id, 'README'].sort())
  })

  test('a message whose file is missing or cut short is named by verify, and is served; what is missing is said to be lost', async () => {
    const [gone, short, whole] = [await sendFile('gone'), await sendFile('short'), await sendFile('whole')]
    rmSync(pathOf(gone))
    truncateSync(pathOf(short), 50)
    await folder.close()
    const { code, lines } = await verify()
    expect(code).toBe(1)
    const problem = 'the file of this message is missing or cut short'
    expect(lines.slice(0, -1)).toEqual([
      { mailbox: 'juliet', seq: 1, file: gone.id, problem },
      { mailbox: 'juliet', seq: 2, file: short.id, problem },
    ])
    store = await folder.reopen()
    const lost = (await mailbox(store, 'juliet')).map(
      (item) => item.kind === 'message' && item.attachment?.lost,
    )
    expect(lost).toEqual([true, undefined, undefined])
    await confirmAll(store, 'juliet')
    expect(there()).toEqual([])
    expect(await inWords(store, 'romeo')).toHaveLength(3)
    expect(existsSync(pathOf(whole))).toBe(false)
  })

  test('none is removed where a record is damaged that may refer to it', async () => {
    const file = await sendFile('one')
    await folder.behind((environment) => damage(environment, environment.attachments, 0))
    await folder.reopen()
    expect(there()).toEqual([file.id])
  })

  test('a file whose message was damaged goes at the start after it was confirmed', async () => {
    await sendFile('damaged')
    await send(store, 'romeo', 'juliet', 'next')
    await folder.behind((environment) => damage(environment, environment.items, 0))
    store = await folder.reopen()
    expect(await inWords(store, 'juliet')).toEqual(['romeo: next'])
    await confirmAll(store, 'juliet')
    await folder.reopen() // its record goes
    await send(await folder.reopen(), 'romeo', 'juliet', 'a commit')
    await folder.reopen()
    expect(there()).toEqual([])
  })

  test('a folder of a version that knew no files opens, and can be looked at', async () => {
    await send(store, 'romeo', 'juliet', 'old')
    await folder.close()
    rmSync(join(folder.path, 'attachments'), { recursive: true })
    expect((await verify()).code).toBe(0)
    store = await folder.reopen()
    expect(await inWords(store, 'juliet')).toEqual(['romeo: old'])
    await sendFile('new')
    expect(there()).toHaveLength(1)
  })

  test('a file that the disk has no room for is refused before a byte of it is taken', async () => {
    await expect(folder.backend.attachments.begin(2 ** 60)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the server has no room for this file',
    })
    expect(there()).toEqual([])
  })

  test('a mailbox counts what waits in it when it is opened again', async () => {
    await sendFile('one', fileBytes(80))
    await folder.close()
    store = await folder.reopen({}, { items: 100, bytes: 1000, attachmentBytes: 100 })
    const file = await keep(folder.backend.attachments, fileBytes(21))
    const [outcome] = await store.append([{ ...envelope('romeo', 'juliet', ''), attachment: attached(file) }])
    expect(outcome).toMatchObject({ code: 'mailbox-full' })
    await store.confirm(user('juliet'), 1)
    expect(there()).toEqual([])
  })
})
