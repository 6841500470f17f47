import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createMarks, type Mark, NO_MARK, openMarks } from '../../src/client/session-marks.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

afterEach(removeTempFolders)

const MARK: Mark = { seq: 42, id: 1_000_017, at: '2026-01-02T03:04:05.678Z' }

describe.each([
  ['in memory', async () => createMarks()],
  ['in a folder', async () => openMarks(await makeTempFolder(), 'localhost:8081')],
])('marks %s', (_where, open) => {
  test('are what was written last, for each user', async () => {
    const marks = await open()
    expect(marks.read('alice')).toEqual(NO_MARK)
    marks.write('alice', { seq: 7, id: 3, at: '' })
    marks.write('bob', { seq: 1, id: 2, at: '' })
    marks.write('alice', MARK)
    expect(marks.read('alice')).toEqual(MARK)
    marks.forget('alice')
    expect(marks.read('alice')).toEqual(NO_MARK)
    expect(marks.read('bob')).toEqual({ seq: 1, id: 2, at: '' })
    marks.close()
  })
})

describe('a folder of marks', () => {
  test('keeps them for the next process, for each server by itself', async () => {
    const folder = join(await makeTempFolder(), 'made', 'when needed')
    const first = openMarks(folder, 'localhost:8081')
    first.write('älice/../x', MARK)
    first.write('älice/../x', { ...MARK, seq: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER })
    first.close()
    const next = openMarks(folder, 'localhost:8081')
    expect(next.read('älice/../x').seq).toBe(Number.MAX_SAFE_INTEGER)
    next.write('älice/../x', MARK)
    expect(openMarks(folder, 'localhost:8081').read('älice/../x')).toEqual(MARK)
    expect(openMarks(folder, 'localhost:8082').read('älice/../x')).toEqual(NO_MARK)
    next.close()
  })

  test('is open to its owner alone, and tells people whose a mark is', async () => {
    const folder = join(await makeTempFolder(), 'shown')
    const marks = openMarks(folder, 'localhost:8081')
    marks.write('alice', MARK)
    marks.close()
    const [file = ''] = await readdir(folder)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(folder, file), 'utf8')).toMatch(/\nlocalhost:8081\nalice\n$/)
  })

  test.each([
    ['cut off', (text: string) => text.slice(0, 20)],
    ['empty', () => ''],
    ['of another sum', (text: string) => text.replace('42', '43')],
    ['of something else', () => '{"seq": 42}\n'],
  ])('takes a file that is %s for none, and writes it anew', async (_how, damage) => {
    const folder = await makeTempFolder()
    const marks = openMarks(folder, 'localhost:8081')
    marks.write('alice', MARK)
    const [file = ''] = await readdir(folder)
    const path = join(folder, file)
    await writeFile(path, damage(await readFile(path, 'utf8')))
    expect(marks.read('alice')).toEqual(NO_MARK)
    marks.close()
    const later = openMarks(folder, 'localhost:8081')
    later.write('alice', MARK)
    expect(later.read('alice')).toEqual(MARK)
    later.close()
  })

  test('that cannot be used says so', async () => {
    const folder = await makeTempFolder()
    const path = join(folder, 'file')
    await writeFile(path, '')
    await chmod(path, 0o600)
    expect(() => openMarks(path, 'localhost:8081')).toThrow(/EEXIST|ENOTDIR/)
  })
})
