import { describeWith } from '../support/describe-with.ts'
import { type LmdbFolder, makeLmdbFolder } from '../support/lmdb-folder.ts'
import { type StoreProcess, startStoreProcess } from '../support/store-process.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { inWords, send } from '../support/words.ts'

/** A disk that takes no more (wire-protocol 3, 5; reliability R3). The store is another process's, and so is the limit. */
describeWith('util-linux')('the lmdb store on a disk that is full', () => {
  let folder: LmdbFolder
  let store: StoreProcess
  /** Does not fit into what the file has free. */
  const LONG = 'x'.repeat(200_000)
  const UNAVAILABLE = { fault: 'unavailable' }

  beforeEach(async () => {
    folder = await makeLmdbFolder()
    store = await startStoreProcess(folder.path)
    for (const name of ['romeo', 'juliet']) await store.ask('register', name)
    expect(await store.ask('send', 'romeo', 'juliet', 'before', 'ref-before')).toBe(0)
  })

  afterEach(async () => {
    await store.kill()
    await folder.close()
    await removeTempFolders()
  })

  test('refuses what it cannot store and all that comes later, says why, and is well again when there is room', async () => {
    store.fillDisk()
    expect(await store.ask('send', 'romeo', 'juliet', LONG)).toEqual(UNAVAILABLE)
    expect(await store.ask('failure')).toBe('the store cannot write to its disk')
    expect(await store.ask('send', 'romeo', 'juliet', 'short')).toEqual(UNAVAILABLE)
    expect(await store.ask('register', 'nurse')).toEqual(UNAVAILABLE)
    expect(await store.ask('confirm', 'juliet')).toEqual(UNAVAILABLE)
    expect(await store.ask('read', 'juliet')).toEqual(UNAVAILABLE)

    store.freeDisk()
    await store.ask('recovered')
    expect(await store.ask('failure')).toBe('none')
    expect(store.health).toEqual(['the store cannot write to its disk', 'well'])
    expect(await store.ask('register', 'nurse')).toBe('done')
    expect(await store.ask('send', 'romeo', 'juliet', 'after')).toBe(1)
    expect(await store.ask('read', 'juliet')).toEqual(['romeo: before', 'romeo: after'])
  })

  test('what shares the commit that failed, or came behind it, shares its fate', async () => {
    store.fillDisk()
    const outcomes = await Promise.all([
      store.ask('send', 'romeo', 'juliet', LONG),
      store.ask('send', 'romeo', 'juliet', 'b', 'ref-b'),
      store.ask('register', 'nurse'),
      store.ask('send', 'romeo', 'nurse', 'c'),
      store.ask('send', 'romeo', 'juliet', 'before', 'ref-before'),
    ])
    expect(outcomes.slice(0, 4)).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE])

    store.freeDisk()
    await store.ask('recovered')
    expect(await store.ask('read', 'juliet')).toEqual(['romeo: before'])
    expect(await store.ask('send', 'romeo', 'nurse', 'c')).toEqual({ fault: 'no-such-user' })
    // Sent again, as a client does that got no OK: once, and with the id that follows the last one acknowledged.
    expect(await store.ask('send', 'romeo', 'juliet', 'b', 'ref-b')).toBe(1)
    expect(await store.ask('send', 'romeo', 'juliet', 'before', 'ref-before')).toBe(0)
    expect(await store.ask('read', 'juliet')).toEqual(['romeo: before', 'romeo: b'])
  })

  test('a confirmation that was refused comes through later: no receipt is lost, none comes twice', async () => {
    await store.ask('read', 'juliet')
    store.fillDisk()
    const sending = store.ask('send', 'romeo', 'juliet', LONG)
    const confirming = store.ask('confirm', 'juliet')
    expect(await Promise.all([sending, confirming])).toEqual([UNAVAILABLE, UNAVAILABLE])

    store.freeDisk()
    await store.ask('recovered')
    expect(await store.ask('read', 'romeo')).toEqual([])
    expect(await store.ask('confirm', 'juliet')).toEqual(['romeo'])
    expect(await store.ask('read', 'romeo')).toEqual(['receipt 0 by juliet'])
    expect(await store.ask('read', 'juliet')).toEqual([])
  })

  test('filled up and freed again and again, it keeps exactly what it acknowledged, also across a kill', async () => {
    const acknowledged = ['before']
    for (let round = 0; round < 3; round++) {
      const texts = Array.from({ length: 20 }, (_, i) => `${round}-${i}-${LONG.slice(0, i * 1000)}`)
      const sendings = texts.map((text) => store.ask('send', 'romeo', 'juliet', text))
      store.fillDisk()
      const more = texts.map((text) => store.ask('send', 'romeo', 'juliet', `more ${text}`))
      const outcomes = await Promise.all([...sendings, ...more])
      for (const [i, outcome] of outcomes.entries()) {
        if (typeof outcome !== 'number') expect(outcome).toEqual(UNAVAILABLE)
        else acknowledged.push([...texts, ...texts.map((text) => `more ${text}`)][i] as string)
      }
      store.freeDisk()
      await store.ask('recovered')
    }
    await store.kill()
    const reopened = await folder.reopen()
    expect(await inWords(reopened, 'juliet')).toEqual(acknowledged.map((text) => `romeo: ${text}`))
    expect(await send(reopened, 'romeo', 'juliet', 'next')).toBe(acknowledged.length)
  })
})

describeWith('strace')('the lmdb store, when the log cannot be synced', () => {
  afterEach(removeTempFolders)

  test('refuses, and is well again with exactly what it acknowledged', async () => {
    const folder = await makeLmdbFolder()
    // Each thread counts for itself: the one that syncs the log has done so for the users and some messages by then.
    const failing = 'inject=fdatasync:error=EIO:when=10'
    const strace = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=fdatasync', '-e', failing]
    const store = await startStoreProcess(folder.path, 'env', 'UV_THREADPOOL_SIZE=1', ...strace)
    for (const name of ['romeo', 'juliet']) await store.ask('register', name)
    const acknowledged: string[] = []
    for (let i = 0; i < 40 && store.health.length === 0; i++) {
      const outcome = await store.ask('send', 'romeo', 'juliet', `${i}`)
      if (typeof outcome === 'number') acknowledged.push(`romeo: ${i}`)
    }
    expect(store.health).toEqual(['the store cannot write to its disk'])
    await store.ask('recovered')
    expect(await store.ask('read', 'juliet')).toEqual(acknowledged)
    expect(await store.ask('send', 'romeo', 'juliet', 'after')).toBe(acknowledged.length)
    await store.kill()
  })
})
