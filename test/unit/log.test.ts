import { rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Log } from '../../src/backend/lmdb/log.ts'
import { makeTempFolder } from '../support/temp-folder.ts'

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
})
