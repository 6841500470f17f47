import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { openEnvironment } from '../../src/backend/lmdb/environment.ts'
import { Log, replayLog } from '../../src/backend/lmdb/log.ts'
import type { LoggedWrite } from '../../src/backend/lmdb/log-entry.ts'
import { makeTempFolder } from '../support/temp-folder.ts'

/** What this process has open, as Linux tells it. */
const OPEN = '/proc/self/fd'

describe('a log', () => {
  const SPARE = 'log-spare'
  const write = (name: string): LoggedWrite => ({
    table: 'items',
    key: Buffer.from(name),
    record: Buffer.from(`record of ${name}`),
  })
  const segment = (number: number): string => `log-000000000${number}`

  /** The keys that a folder's log has, in order. Throws at damage. */
  function keysIn(folder: string): string[] {
    const keys: string[] = []
    const { damage } = replayLog(folder, (writes) => keys.push(...writes.map(({ key }) => key.toString())))
    expect(damage).toEqual([])
    return keys
  }

  test('writes the next segment but one over what the tree has, and of that nothing is read again', async () => {
    const folder = await makeTempFolder()
    const log = new Log(folder, 1)
    for (const name of ['a', 'b', 'c']) await log.append([write(name)])
    const { ino, size } = statSync(join(folder, segment(1)))
    log.rotate()
    await log.append([write('d')])
    await log.retireThrough(1)
    expect(readdirSync(folder).sort()).toEqual([segment(2), SPARE])
    log.rotate()
    expect(statSync(join(folder, segment(3)))).toMatchObject({ ino, size })
    expect(keysIn(folder)).toEqual(['d'])
    await log.append([write('e')])
    expect(statSync(join(folder, segment(3)))).toMatchObject({ ino, size })
    expect(keysIn(folder)).toEqual(['d', 'e'])
    log.close()
  })

  test('keeps the longer of two spare segments, and none when it ends', async () => {
    const folder = await makeTempFolder()
    const log = new Log(folder, 1)
    // Beyond the zeros that are written ahead.
    await log.append([{ ...write('long'), record: Buffer.alloc(100_000) }])
    const { ino } = statSync(join(folder, segment(1)))
    log.rotate()
    await log.append([write('short')])
    log.rotate()
    await log.retireThrough(1)
    await log.retireThrough(2)
    expect(readdirSync(folder).sort()).toEqual([segment(3), SPARE])
    expect(statSync(join(folder, SPARE)).ino).toBe(ino)
    log.close()
    await log.removeThrough(3)
    expect(readdirSync(folder)).toEqual([])
  })

  test('writes over nothing that another log left: its numbers may be the same', async () => {
    const folder = await makeTempFolder()
    const earlier = new Log(folder, 1)
    for (const name of ['a', 'b']) await earlier.append([write(name)])
    earlier.close()
    const left = readFileSync(join(folder, segment(1)))
    rmSync(join(folder, segment(1)))
    writeFileSync(join(folder, SPARE), left)
    const log = new Log(folder, 1)
    log.rotate()
    expect(keysIn(folder)).toEqual([])
    log.close()
  })

  test('gives the room of its spare segment back when a checkpoint needs it', async () => {
    const folder = await makeTempFolder()
    const log = new Log(folder, 1)
    log.rotate()
    await log.retireThrough(1)
    log.dropSpare()
    expect(readdirSync(folder)).toEqual([segment(2)])
    log.rotate()
    expect(readdirSync(folder).sort()).toEqual([segment(2), segment(3)])
    log.close()
  })

  test('of an earlier version, whose server was killed, is brought into the tree', async () => {
    const folder = await makeTempFolder()
    const entry = '\0\0\0\x16\xf7\x4a\xe6\x33\x02\x03\0\0\0\x06keyrecord\x03\x01\xff\xff\xff\xffk'
    writeFileSync(join(folder, segment(4)), `dms log1${entry}`, 'latin1')
    const environment = await openEnvironment({ folder })
    expect(environment.items.get(Buffer.from('key'))?.toString()).toBe('record')
    expect(readdirSync(folder)).toContain(segment(5))
    await environment.close()
  })

  test('whose next segment cannot begin is closed once, and closes nothing that is not its own', async () => {
    const folder = await makeTempFolder()
    const log = new Log(folder, 1)
    rmSync(folder, { recursive: true })
    expect(() => log.rotate()).toThrow('ENOENT')
    // Would get the number of a file that was closed too early.
    const another = await open(join(import.meta.dirname, 'log.test.ts'))
    log.close()
    expect((await another.stat()).isFile()).toBe(true)
    await another.close()
  })

  const onLinux = existsSync(OPEN) ? test : test.skip
  onLinux(
    'is closed where the store cannot be opened after all, which may be tried again and again',
    async () => {
      const folder = await makeTempFolder()
      writeFileSync(join(folder, 'log-0000000001'), 'something else altogether')
      // In the way of the file that is to be set aside.
      mkdirSync(join(folder, 'damaged-log-0000000001'))
      await expect(openEnvironment({ folder })).rejects.toThrow('damaged-log')
      const open = readdirSync(OPEN).map((fd) => linkOf(join(OPEN, fd)))
      expect(open.filter((path) => path.startsWith(folder))).toEqual([])
    },
  )
})

/** Nothing for a descriptor that has gone by now. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
