import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import { WIDE_LIMITS } from '../support/backends.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

afterEach(removeTempFolders)

describe('the secret key', () => {
  const keyOf = async (folder: string) => {
    const backend = await openLmdbBackend({ folder, limits: WIDE_LIMITS, observer: {} })
    await backend.close()
    return Buffer.from(backend.secretKey).toString('hex')
  }

  test('stays the same as long as the data folder does, and is another in the next folder', async () => {
    const folder = await makeTempFolder()
    const key = await keyOf(folder)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect(await keyOf(folder)).toBe(key)
    expect(await keyOf(await makeTempFolder())).not.toBe(key)
  })

  test('can be read by its owner only', async () => {
    const folder = await makeTempFolder()
    await keyOf(folder)
    expect((await stat(join(folder, 'secret-key'))).mode & 0o777).toBe(0o600)
  })

  test('that is not whole keeps the server from starting, with a line that says what to do', async () => {
    const folder = await makeTempFolder()
    await writeFile(join(folder, 'secret-key'), 'short')
    await expect(keyOf(folder)).rejects.toThrow(/secret-key must have 32 bytes, and has 5: restore it/)
    await writeFile(join(folder, 'secret-key'), Buffer.alloc(32, 1))
    expect(await keyOf(folder)).toBe('01'.repeat(32))
  })

  test('of the memory is new each time', () => {
    const keys = [1, 2].map(() => createMemoryBackend(WIDE_LIMITS).secretKey)
    expect(keys[0]).toHaveLength(32)
    expect(keys[0]).not.toEqual(keys[1])
  })
})
