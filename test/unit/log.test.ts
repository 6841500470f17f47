import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { openEnvironment } from '../../src/backend/lmdb/environment.ts'
import { Log } from '../../src/backend/lmdb/log.ts'
import { makeTempFolder } from '../support/temp-folder.ts'

/** What this process has open, as Linux tells it. */
const OPEN = '/proc/self/fd'

describe('a log', () => {
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
