import { join } from 'node:path'
import { describeWith } from '../support/describe-with.ts'
import { startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { askLegacy } from './legacy-request.ts'
import { underStrace } from './strace.ts'

afterEach(removeTempFolders)

const register = async (port: number) => (await askLegacy({ host: '127.0.0.1', port }, 'REGISTER', 'ann'))[0]

describeWith('strace')('a start on a disk that fails', () => {
  test('says in one line what the disk said, in which folder, and what to do; the next start has everything', async () => {
    const folder = await makeTempFolder()
    const killed = await startServerProcess({ folder })
    expect(await register(killed.port)).toBe(0)
    await killed.kill()

    const under = underStrace({
      log: join(await makeTempFolder(), 'calls'),
      calls: ['fdatasync', 'fsync', 'msync'],
      files: [join(folder, 'store.mdb')],
      inject: ['fdatasync,fsync,msync:error=EIO'],
    })
    const failure = await startServerProcess({ folder, under }).then(
      () => 'started',
      (error: Error) => error.message,
    )
    const [, words] = /^the server ended \(1\)[^:]*: ([^\n]+\n)$/.exec(failure) ?? []
    expect(words).toContain(`dms: the store in ${folder} cannot be opened`)
    expect(words).toMatch(/Input\/output error: check its disk/)

    const next = await startServerProcess({ folder })
    // There already.
    expect(await register(next.port)).toBe(1)
    await next.kill()
  })
})
