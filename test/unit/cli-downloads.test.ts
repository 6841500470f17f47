import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDownloads } from '../../src/cli/downloads.ts'
import type { IncomingAttachment } from '../../src/client/client.ts'
import { sha256 } from '../support/files.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

const GO = new AbortController().signal
let folder: string

beforeEach(async () => {
  folder = await makeTempFolder()
})
afterEach(removeTempFolders)

/** A file that comes in two pieces. */
function attachment(text: string, name = 'note.txt', fails?: Error): IncomingAttachment {
  const bytes = Buffer.from(text)
  return {
    name,
    size: bytes.length,
    sha256: sha256(bytes),
    mediaType: '',
    lost: false,
    async *open() {
      yield bytes.subarray(0, 1)
      if (fails !== undefined) throw fails
      yield bytes.subarray(1)
    },
    confirm() {},
  }
}

test('a file is saved under its name in a folder that is made for it, for its owner only', async () => {
  const nested = join(folder, 'not', 'yet')
  const path = await createDownloads(nested).save(attachment('hello'), GO)
  expect(path).toBe(join(nested, 'note.txt'))
  expect(await readFile(path, 'utf8')).toBe('hello')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(nested)).toEqual(['note.txt'])
})

test('nothing is overwritten: another file of that name gets a number, the same one is not stored twice', async () => {
  const downloads = createDownloads(folder)
  await writeFile(join(folder, 'note.txt'), 'mine')
  expect(await downloads.save(attachment('one'), GO)).toBe(join(folder, 'note (1).txt'))
  expect(await downloads.save(attachment('two'), GO)).toBe(join(folder, 'note (2).txt'))
  expect(await downloads.save(attachment('one'), GO)).toBe(join(folder, 'note (1).txt'))
  expect(await readFile(join(folder, 'note.txt'), 'utf8')).toBe('mine')
  expect((await readdir(folder)).sort()).toEqual(['note (1).txt', 'note (2).txt', 'note.txt'])
})

test('what is there and is no ordinary file is not followed: links, also dangling ones, and folders', async () => {
  const elsewhere = await makeTempFolder()
  await writeFile(join(elsewhere, 'same'), 'hello')
  await symlink(join(elsewhere, 'same'), join(folder, 'note.txt'))
  await symlink(join(elsewhere, 'not-there'), join(folder, 'note (1).txt'))
  await mkdir(join(folder, 'note (2).txt'))
  expect(await createDownloads(folder).save(attachment('hello'), GO)).toBe(join(folder, 'note (3).txt'))
  expect(await readdir(elsewhere)).toEqual(['same'])
})

test('a name that is a path stays in the folder', async () => {
  expect(await createDownloads(folder).save(attachment('x', '../../etc/passwd'), GO)).toBe(
    join(folder, 'passwd'),
  )
})

test('what breaks off leaves nothing behind', async () => {
  const failing = attachment('hello', 'note.txt', new Error('gone'))
  await expect(createDownloads(folder).save(failing, GO)).rejects.toThrow('gone')
  expect(await readdir(folder)).toEqual([])
})

test('what an earlier client left unfinished goes after a day, not before', async () => {
  const [old, fresh] = ['.dms-0123456789abcdef.part', '.dms-fedcba9876543210.part']
  for (const name of [old, fresh]) await writeFile(join(folder, name), '')
  await utimes(join(folder, old), new Date(0), new Date(0))
  await createDownloads(folder).save(attachment('x'), GO)
  expect((await readdir(folder)).sort()).toEqual([fresh, 'note.txt'])
})

test('a folder that cannot be is told, and the next file is tried again', async () => {
  const downloads = createDownloads(join(folder, 'taken', 'inside'))
  await writeFile(join(folder, 'taken'), '')
  await expect(downloads.save(attachment('x'), GO)).rejects.toThrow('ENOTDIR')
  await expect(downloads.save(attachment('x'), GO)).rejects.toThrow('ENOTDIR')
})
