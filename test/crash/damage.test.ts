import { cp, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkTree, DamagedTree } from '../../src/backend/lmdb/tree-check.ts'
import { type Ended, runDmsToEnd, startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { createOriginalActor } from './legacy-actors.ts'
import { askLegacy } from './legacy-request.ts'

const MESSAGES = 60
const PAGE_BYTES = 4096

/** Reliability R9: what a person meets whose disk has changed a bit, or lost the end of a file. Records by themselves: test/contract/lmdb-damage.test.ts. */
describe('a data folder that was damaged', () => {
  /** What a server leaves that was stopped, and one that was killed. */
  let stopped: string
  let killed: string
  let folder: string

  beforeAll(async () => {
    stopped = await filled()
    killed = await filled('SIGKILL')
  }, 30_000)

  beforeEach(async () => {
    folder = await makeTempFolder()
  })

  afterAll(removeTempFolders)

  test('undamaged, is verified without a word but the count', async () => {
    await cp(stopped, folder, { recursive: true })
    const { code, stdout } = await verify()
    expect(JSON.parse(stdout)).toMatchObject({ damaged: 0 })
    expect(code).toBe(0)
  })

  test.each([0, 3 * PAGE_BYTES])(
    'by cutting the tree to %d bytes: verify and the server say so in one line, and the server does not start',
    async (length) => {
      await cp(stopped, folder, { recursive: true })
      await truncate(join(folder, 'store.mdb'), length)
      for (const ended of [await verify(), await serve()]) {
        expect(ended.code).toBe(1)
        expect(ended.stderr).toMatch(/^dms: [^\n]*store\.mdb is damaged: it is too short: [^\n]+\n$/)
      }
    },
  )

  test('by a flipped bit in the bookkeeping of a page: it is named, unless the page is not in use', async () => {
    const file = join(folder, 'store.mdb')
    const whole = await readFile(join(stopped, 'store.mdb'))
    const named = new Set<number>()
    for (let page = 2; page < whole.length / PAGE_BYTES; page++) {
      // Number, transaction, kind, and the two ends of the free space (struct MDB_page).
      for (const at of [0, 13, 18, 20, 22]) {
        const damaged = Buffer.from(whole)
        const place = page * PAGE_BYTES + at
        damaged[place] = (damaged[place] as number) ^ 0x40
        await writeFile(file, damaged)
        try {
          checkTree(file)
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedTree)
          named.add(page)
        }
      }
    }
    expect(named.size).toBeGreaterThan(3)
  })

  test('by a flipped bit in the bookkeeping: verify and the server say so in one line, and the server does not start', async () => {
    await cp(stopped, folder, { recursive: true })
    const file = join(folder, 'store.mdb')
    const bytes = await readFile(file)
    // The newer of the two beginnings says where the tree begins.
    const newer = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(PAGE_BYTES + 152) ? 0 : PAGE_BYTES
    bytes[newer + 136] = (bytes[newer + 136] as number) ^ 0x40
    await writeFile(file, bytes)
    for (const ended of [await verify(), await serve()]) {
      expect(ended).toMatchObject({ code: 1, signal: null })
      expect(ended.stderr).toMatch(/^dms: [^\n]*store\.mdb is damaged: [^\n]*page \d+[^\n]+\n$/)
    }
  })

  test('by a flipped bit in a message in the tree: verify names the record, the server serves the rest and says so', async () => {
    await cp(stopped, folder, { recursive: true })
    await flip('store.mdb', 'message 7 ')
    const { code, stdout } = await verify()
    expect(code).toBe(1)
    expect(JSON.parse(stdout.split('\n')[0] as string)).toMatchObject({
      database: 'items',
      problem: 'CRC does not match',
    })
    await expectServedBut(7, /^damaged record in items at /)
  })

  test('by a flipped bit in a message in the log: verify names the place, the server serves the rest and says so', async () => {
    await cp(killed, folder, { recursive: true, filter: (path) => !path.endsWith('.sock') })
    const log = (await readdir(folder)).find((name) => name.startsWith('log-')) as string
    await flip(log, 'message 7 ')
    const { code, stdout } = await verify()
    expect(code).toBe(1)
    expect(JSON.parse(stdout.split('\n')[0] as string).problem).toContain(log)
    await expectServedBut(7, /^damaged log: /)
  })

  /** A folder in which messages of ann wait for bob, each committed by itself. */
  async function filled(signal: NodeJS.Signals = 'SIGTERM'): Promise<string> {
    const path = await makeTempFolder()
    const server = await startServerProcess({ folder: path })
    const address = { host: '127.0.0.1', port: server.port }
    for (const user of ['ann', 'bob']) await askLegacy(address, 'REGISTER', user)
    await askLegacy(address, 'CONNECT', 'ann', '65001')
    for (let i = 0; i < MESSAGES; i++) await askLegacy(address, 'SEND', 'ann', 'bob', text(i))
    server.signal(signal)
    await server.ended
    return path
  }

  function text(number: number): string {
    return `message ${number} ${'.'.repeat(400)}`
  }

  /** Flips a bit of every place where the file holds the words. */
  async function flip(file: string, words: string): Promise<void> {
    const bytes = await readFile(join(folder, file))
    for (let at = bytes.indexOf(words); at !== -1; at = bytes.indexOf(words, at + 1)) {
      bytes[at + words.length] = (bytes[at + words.length] as number) ^ 1
    }
    await writeFile(join(folder, file), bytes)
  }

  /** The server delivers every message but the damaged one, has said why, and takes new ones. */
  async function expectServedBut(damaged: number, report: RegExp): Promise<void> {
    const shown: string[] = []
    let whenShown = () => {}
    const server = await startServerProcess({ folder })
    const address = { host: '127.0.0.1', port: server.port }
    const bob = createOriginalActor('bob', address, (event) => {
      if (event.kind === 'shown') shown.push(event.text)
      whenShown()
    })
    try {
      await askLegacy(address, 'CONNECT', 'ann', '65001')
      expect((await askLegacy(address, 'SEND', 'ann', 'bob', 'one more'))[0]).toBe(0)
      await bob.connect()
      while (!shown.includes('one more')) {
        await new Promise<void>((resolve) => {
          whenShown = resolve
        })
      }
      const intact = Array.from({ length: MESSAGES }, (_, i) => i).filter((i) => i !== damaged)
      expect(shown).toEqual([...intact.map(text), 'one more'])
      expect(await server.logged('internal-error')).toMatchObject({ where: expect.stringMatching(report) })
    } finally {
      await bob.close()
      await server.kill()
    }
  }

  const verify = (): Promise<Ended> => runDmsToEnd(['store', 'verify', '--data', folder])
  const serve = (): Promise<Ended> => runDmsToEnd(['server', '-p', '0', '--soap-port', '0', '--data', folder])
})
