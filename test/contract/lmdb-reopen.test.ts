import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import { FolderInUse, lockFolder } from '../../src/backend/lmdb/folder-lock.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { type LmdbFolder, makeLmdbFolder } from '../support/lmdb-folder.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import {
  confirmAll,
  envelope,
  inWords,
  mailbox,
  NONE,
  read,
  register,
  send,
  sent,
  user,
} from '../support/words.ts'

/** What the durable store keeps when it is closed and opened again. */
describe('the lmdb store, opened again', () => {
  let folder: LmdbFolder

  beforeEach(async () => {
    folder = await makeLmdbFolder()
  })

  afterEach(async () => {
    await folder.close()
    await removeTempFolders()
  })

  test('accounts, credentials, messages and receipts are there as they were', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet', 'zoë')
    await store.setVerifier(user('zoë'), toByteString('v'))
    await send(store, 'romeo', 'juliet', 'déjà', 'r1')
    await send(store, 'romeo', 'juliet', '')
    await store.confirm(user('juliet'), 1)
    await send(store, 'zoë', 'romeo', 'hi')
    const before = [await mailbox(store, 'romeo'), await mailbox(store, 'juliet')]

    store = await folder.reopen()
    expect([await mailbox(store, 'romeo'), await mailbox(store, 'juliet')]).toEqual(before)
    expect((await store.account(user('zoë')))?.verifier).toBe('v')
    expect((await store.accounts(NONE, 10)).map(({ name }) => name)).toEqual(['juliet', 'romeo', user('zoë')])
    expect(await store.waiting(user('romeo'))).toBe(2)
  })

  test('ids and seqs go on counting, also when nothing waits', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    for (const text of ['a', 'b', 'c']) await send(store, 'romeo', 'juliet', text)
    await confirmAll(store, 'juliet')
    await confirmAll(store, 'romeo')

    store = await folder.reopen()
    expect(await send(store, 'romeo', 'juliet', 'd')).toBe(3)
    expect((await mailbox(store, 'juliet')).map(({ seq }) => seq)).toEqual([4])
    await confirmAll(store, 'juliet')
    expect((await mailbox(store, 'romeo')).map(({ seq }) => seq)).toEqual([4])
  })

  test('what became of a message is told as before', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    for (const ref of ['r', 's', 't']) await send(store, 'romeo', 'juliet', ref, ref)
    await store.confirm(user('juliet'), 2)
    await store.confirm(user('romeo'), 1)

    store = await folder.reopen()
    expect(await sent(store, 'romeo', 'r')).toBeUndefined()
    expect(await sent(store, 'romeo', 's')).toEqual({ id: 1, delivered: true })
    expect(await sent(store, 'romeo', 't')).toEqual({ id: 2, delivered: false })
  })

  test('a ref is known until its receipt is confirmed, and no longer', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    const batch = ['a', 'b', 'c'].map((text) => envelope('romeo', 'juliet', text, `ref-${text}`))
    await store.append(batch)
    await store.confirm(user('juliet'), 2)
    await store.confirm(user('romeo'), 1)

    store = await folder.reopen()
    expect(await store.append(batch)).toEqual([3, 1, 2])
    expect(await inWords(store, 'juliet')).toEqual(['romeo: c', 'romeo: a'])
  })

  test('what one commit brought and was confirmed in part begins behind what was confirmed', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    await store.append(['a', 'b', 'c', 'd', 'e'].map((text) => envelope('romeo', 'juliet', text)))
    await mailbox(store, 'juliet')
    await store.confirm(user('juliet'), 2)

    store = await folder.reopen()
    expect(await inWords(store, 'juliet')).toEqual(['romeo: c', 'romeo: d', 'romeo: e'])
    await store.confirm(user('juliet'), 3)
    expect(await inWords(store, 'juliet')).toEqual(['romeo: d', 'romeo: e'])
    expect(await inWords(store, 'romeo')).toHaveLength(3)

    store = await folder.reopen()
    await store.confirm(user('juliet'), 5)
    expect(await store.waiting(user('juliet'))).toBe(0)
    expect(await inWords(store, 'romeo')).toHaveLength(5)
  })

  test('a removed account stays removed; registered again it gets nothing of the old one', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    await send(store, 'romeo', 'juliet', 'a', 'r')
    await store.removeAccount(user('juliet'))

    store = await folder.reopen()
    expect(await store.account(user('juliet'))).toBeUndefined()
    await register(store, 'juliet')
    expect(await mailbox(store, 'juliet')).toEqual([])
  })

  test('nothing of removed accounts stays in the file for ever', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    const batch = Array.from({ length: 50 }, (_, i) =>
      envelope('romeo', 'juliet', 'x'.repeat(50_000), `r${i}`),
    )
    await store.append(batch)
    await send(store, 'juliet', 'romeo', 'mine', 'own')
    await store.removeAccount(user('juliet'))
    // Closed in the middle of clearing away; the next start goes on.
    store = await folder.reopen()
    // A piece goes with each commit, about a megabyte.
    for (let i = 0; i < 20; i++) await send(store, 'romeo', 'romeo', 'note')
    await folder.behind((environment) => {
      expect([...environment.heads.getKeys()].length).toBe(1)
      expect([...environment.removed.getKeys()].length).toBe(0)
      const owners = [...environment.items.getKeys(), ...environment.sent.getKeys()]
      expect(new Set(owners.map((key) => key.readUInt32BE(0)))).toEqual(new Set([1]))
    })
  })

  test('10,000 messages are read back in order, piece by piece, and confirmed behind the reader', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    const texts = Array.from({ length: 10_000 }, (_, i) => `${i} ${'x'.repeat(i % 500)}`)
    for (let i = 0; i < texts.length; i += 1000) {
      await store.append(texts.slice(i, i + 1000).map((text) => envelope('romeo', 'juliet', text)))
    }

    store = await folder.reopen()
    const seen: string[] = []
    let after = 0
    for (;;) {
      const items = await read(store, 'juliet', after, 64)
      if (items.length === 0) break
      for (const item of items) if (item.kind === 'message') seen.push(item.text)
      after = items.at(-1)?.seq ?? after
      if (after % 3 === 0) await store.confirm(user('juliet'), after - 10)
    }
    expect(seen).toEqual(texts)
    await store.confirm(user('juliet'), after)
    expect(await store.waiting(user('juliet'))).toBe(0)
    const receipts = await mailbox(store, 'romeo')
    expect(receipts.map(({ id }) => id)).toEqual(texts.map((_, i) => i))
  })

  test('one text as long as they may be, beside short ones', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    const long = 'é'.repeat(512 * 1024)
    await store.append(['a', long, long, 'b'].map((text) => envelope('romeo', 'juliet', text)))
    store = await folder.reopen()
    expect(await inWords(store, 'juliet')).toEqual(['a', long, long, 'b'].map((text) => `romeo: ${text}`))
  })

  test('what was under way when the store was closed is stored, and what comes later is refused', async () => {
    let store = await folder.reopen()
    await register(store, 'romeo', 'juliet')
    const sending = send(store, 'romeo', 'juliet', 'a')
    const closing = folder.close()
    await expect(send(store, 'romeo', 'juliet', 'b')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(mailbox(store, 'juliet')).rejects.toMatchObject({ code: 'unavailable' })
    expect(await sending).toBe(0)
    await closing
    store = await folder.reopen()
    expect(await inWords(store, 'juliet')).toEqual(['romeo: a'])
  })
})

/** Leaves a claim behind that nobody answers, as a server does that is killed. */
async function killedHolder(folder: string): Promise<void> {
  const script = `require('node:net').createServer().listen('${folder}/in-use-1.sock', () => process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', script])
  await once(child, 'exit')
  expect(existsSync(`${folder}/in-use-1.sock`)).toBe(true)
}

describe('a data folder', () => {
  afterEach(removeTempFolders)

  test('is refused to a second server, with the folder named, and free again when the first has closed', async () => {
    const first = await makeLmdbFolder()
    await first.reopen()
    const options = { folder: first.path, limits: { items: 1, bytes: 1 }, observer: {} }
    await expect(openLmdbBackend(options)).rejects.toThrow(FolderInUse)
    await expect(openLmdbBackend(options)).rejects.toThrow(first.path)
    await first.close()
    await (await openLmdbBackend(options)).close()
  })

  test('goes to one of several servers that start at the same time', async () => {
    const { path } = await makeLmdbFolder()
    await killedHolder(path)
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => lockFolder(path)))
    const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    for (const lock of locks) await lock.release()
    expect(locks).toHaveLength(1)
  })

  test('whose path is too long for a socket is refused with a word on what to do', async () => {
    const { path } = await makeLmdbFolder()
    await expect(lockFolder(`${path}/${'x'.repeat(100)}`)).rejects.toThrow('choose a shorter one with --data')
  })

  test('which cannot be made is refused, also where the folder above it is there', async () => {
    await expect(lockFolder('/proc/none/here')).rejects.toThrow(
      '/proc takes no folder: choose another one with --data',
    )
  })
})
