import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from '../../src/backend/lmdb/environment.ts'
import type { Observer } from '../../src/domain/observer.ts'
import { damage, type LmdbFolder, makeLmdbFolder } from '../support/lmdb-folder.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { confirmAll, envelope, inWords, mailbox, NONE, read, register, send, user } from '../support/words.ts'

/** A flipped bit in the file: the record is named, and the rest is served (reliability R9). */
describe('the lmdb store, damaged', () => {
  let folder: LmdbFolder
  let reports: string[]
  const observer: Observer = { internalError: (where) => reports.push(where) }

  beforeEach(async () => {
    reports = []
    folder = await makeLmdbFolder()
    const store = await folder.reopen()
    await register(store, 'juliet', 'nurse', 'romeo')
    // One record each.
    for (const text of ['a', 'b', 'c']) await send(store, 'romeo', 'juliet', text, `ref-${text}`)
  })

  afterEach(async () => {
    await folder.close()
    await removeTempFolders()
  })

  /** Damages one record; returns how it will be named. */
  async function damaged(database: keyof Environment & string, index: number): Promise<string> {
    let key = ''
    await folder.behind(async (environment) => {
      key = await damage(environment, environment[database as 'items'], index)
    })
    return `damaged record in ${database} at ${key}`
  }

  test('a damaged record of messages is named, the others are delivered and the mailbox goes on', async () => {
    const report = await damaged('items', 1)
    const store = await folder.reopen(observer)
    expect(await inWords(store, 'juliet')).toEqual(['romeo: a', 'romeo: c'])
    expect(reports).toContain(report)
    await send(store, 'romeo', 'juliet', 'd')
    expect((await mailbox(store, 'juliet')).map(({ seq }) => seq)).toEqual([1, 3, 4])
    await confirmAll(store, 'juliet')
    expect(await inWords(store, 'romeo')).toEqual([0, 2, 3].map((id) => `receipt ${id} by juliet`))
    expect(await store.waiting(user('juliet'))).toBe(0)
  })

  test('a mailbox whose last record is damaged is read up to there, and takes new messages', async () => {
    await damaged('items', 2)
    const store = await folder.reopen(observer)
    expect(await inWords(store, 'juliet')).toEqual(['romeo: a', 'romeo: b'])
    expect(await read(store, 'juliet', 2, 10)).toEqual([])
    await send(store, 'romeo', 'juliet', 'd')
    expect((await read(store, 'juliet', 2, 10)).map(({ seq }) => seq)).toEqual([4])
  })

  test('many damaged records in a row do not keep the reader from what stands behind them', async () => {
    let store = await folder.reopen()
    for (let i = 0; i < 150; i++) await send(store, 'romeo', 'juliet', `${i}`)
    await folder.behind(async (environment) => {
      for (let index = 1; index < 152; index++) await damage(environment, environment.items, index)
    })
    store = await folder.reopen(observer)
    expect(await inWords(store, 'juliet')).toEqual(['romeo: a', 'romeo: 149'])
  })

  test('a damaged head is made anew from the messages: nothing is lost, and new seqs are larger than any before', async () => {
    const report = await damaged('heads', 0)
    const store = await folder.reopen(observer)
    expect(await inWords(store, 'juliet')).toEqual(['romeo: a', 'romeo: b', 'romeo: c'])
    expect(reports).toContain(report)
    expect(await store.waiting(user('juliet'))).toBe(3)
    await send(store, 'romeo', 'juliet', 'd')
    const seqs = (await mailbox(store, 'juliet')).map(({ seq }) => seq)
    expect(seqs.slice(0, 3)).toEqual([1, 2, 3])
    expect(seqs[3]).toBeGreaterThan(3)
    await confirmAll(store, 'juliet')
    expect(await inWords(store, 'romeo')).toEqual([0, 1, 2, 3].map((id) => `receipt ${id} by juliet`))
  })

  test('the head of an empty mailbox that is damaged gives no seq twice', async () => {
    let store = await folder.reopen()
    await confirmAll(store, 'juliet')
    await damaged('heads', 0)
    store = await folder.reopen(observer)
    await send(store, 'romeo', 'juliet', 'd')
    expect((await mailbox(store, 'juliet'))[0]?.seq).toBeGreaterThan(3)
  })

  test('a damaged account is nobody else’s to take: it is unavailable, and everybody else is served', async () => {
    const report = await damaged('accounts', 0)
    const store = await folder.reopen(observer)
    await expect(store.account(user('juliet'))).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.createAccount(user('juliet'), NONE)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(mailbox(store, 'juliet')).rejects.toMatchObject({ code: 'unavailable' })
    store.release(user('juliet'))
    expect(reports).toContain(report)
    expect((await store.accounts(NONE, 10)).map(({ name }) => name)).toEqual(['nurse', 'romeo'])
  })

  test('of a batch, only what goes to a damaged account is refused', async () => {
    await damaged('accounts', 0)
    const store = await folder.reopen(observer)
    const batch = ['nurse', 'juliet', 'romeo'].map((recipient) => envelope('romeo', recipient, 'x'))
    expect(await store.append(batch)).toEqual([3, expect.objectContaining({ code: 'unavailable' }), 4])
  })

  test('a confirmation goes through although the account of one sender is damaged', async () => {
    let store = await folder.reopen()
    await send(store, 'nurse', 'juliet', 'd')
    await damaged('accounts', 2)
    store = await folder.reopen(observer)
    expect(await confirmAll(store, 'juliet')).toEqual(['nurse'])
    expect(await inWords(store, 'nurse')).toEqual(['receipt 3 by juliet'])
  })

  test('a damaged record of refs is named; its refs are taken for new ones', async () => {
    const report = await damaged('sent', 0)
    const store = await folder.reopen(observer)
    expect(await send(store, 'romeo', 'juliet', 'a', 'ref-a')).toBe(3)
    expect(await send(store, 'romeo', 'juliet', 'b', 'ref-b')).toBe(1)
    expect(reports).toContain(report)
  })

  test('a removed account is cleared away although records of it are damaged', async () => {
    await damaged('items', 1)
    let store = await folder.reopen(observer)
    await store.removeAccount(user('juliet'))
    store = await folder.reopen(observer)
    await register(store, 'juliet')
    await send(store, 'romeo', 'juliet', 'd')
    await folder.behind((environment) => expect([...environment.items.getKeys()].length).toBe(1))
  })

  test('counters that are damaged keep the store from opening, since ids would repeat, and leave the folder free', async () => {
    await damaged('counters', 0)
    await expect(folder.reopen(observer)).rejects.toThrow('CRC does not match')
    await expect(folder.reopen(observer)).rejects.toThrow('CRC does not match')
  })

  test('a log that cannot be read is kept under another name', async () => {
    await folder.reopen()
    await folder.close()
    await writeFile(join(folder.path, 'log-0000000001'), 'dms log9 of another version')
    const store = await folder.reopen(observer)
    expect(await inWords(store, 'juliet')).toEqual(['romeo: a', 'romeo: b', 'romeo: c'])
    const kept = await readFile(join(folder.path, 'damaged-log-0000000001'), 'utf8')
    expect(kept).toBe('dms log9 of another version')
  })
})
