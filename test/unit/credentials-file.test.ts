import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openCredentialsFile, UnusableCredentials } from '../../src/client/credentials-file.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await makeTempFolder()
  path = join(folder, 'state', 'dms', 'credentials.json')
})
afterEach(removeTempFolders)

const modeOf = async (file: string) => (await stat(file)).mode & 0o777

test('a secret is kept for one server and one user', async () => {
  await openCredentialsFile(path).set('localhost:8081', 'alice', 'one')
  await openCredentialsFile(path).set('localhost:8081', 'bob', 'two')
  await openCredentialsFile(path).set('example.org:8081', 'alice', 'three')

  const credentials = openCredentialsFile(path)
  expect(await credentials.get('localhost:8081', 'alice')).toBe('one')
  expect(await credentials.get('localhost:8081', 'bob')).toBe('two')
  expect(await credentials.get('example.org:8081', 'alice')).toBe('three')
  expect(await credentials.get('example.org:8081', 'bob')).toBeUndefined()
})

test('a new secret takes the place of the old one, and a removed one is gone from the disk', async () => {
  const credentials = openCredentialsFile(path)
  await credentials.set('localhost:8081', 'alice', 'first')
  await credentials.set('localhost:8081', 'alice', 'second')
  expect(await credentials.get('localhost:8081', 'alice')).toBe('second')
  expect(await readFile(path, 'utf8')).not.toContain('first')

  await credentials.remove('localhost:8081', 'alice')
  await credentials.remove('localhost:8081', 'nobody')
  expect(await credentials.get('localhost:8081', 'alice')).toBeUndefined()
  expect(await readFile(path, 'utf8')).not.toContain('second')
})

test('names that mean something to JavaScript are names like others', async () => {
  const credentials = openCredentialsFile(path)
  expect(await credentials.get('__proto__', 'constructor')).toBeUndefined()
  await credentials.set('__proto__', 'constructor', 'secret')
  expect(await credentials.get('__proto__', 'constructor')).toBe('secret')
})

test('nobody else can read the file or its folder, and nothing is left beside it', async () => {
  await openCredentialsFile(path).set('localhost:8081', 'alice', 'secret')
  expect(await modeOf(path)).toBe(0o600)
  expect(await modeOf(join(folder, 'state', 'dms'))).toBe(0o700)
  expect(await readdir(join(folder, 'state', 'dms'))).toEqual(['credentials.json'])
})

test.each([0o644, 0o640, 0o620, 0o601])(
  'a file that others can use (mode %i) is refused until its owner has seen to it',
  async (mode) => {
    const credentials = openCredentialsFile(path)
    await credentials.set('localhost:8081', 'alice', 'secret')
    await chmod(path, mode)
    const refusal = `${path} can be read by other users of this machine (mode ${mode.toString(8)}): type chmod 600 ${path}`
    await expect(credentials.get('localhost:8081', 'alice')).rejects.toThrow(refusal)
    await expect(credentials.set('localhost:8081', 'bob', 'two')).rejects.toThrow(refusal)
    await chmod(path, 0o600)
    expect(await credentials.get('localhost:8081', 'alice')).toBe('secret')
  },
)

test.each([
  ['half of itself', '{ "credentials": [ { "server": "localhost:8081", "user": "alice", "secret": "s3cr3t'],
  ['nothing', ''],
  ['JSON of another kind', '[1, 2]'],
  ['no object', 'null'],
  ['an entry without a secret', '{ "credentials": [ { "server": "s", "user": "u" } ] }'],
  ['an entry that is none', '{ "credentials": [ null ] }'],
])('a file that holds %s is named, and never overwritten', async (_what, text) => {
  await mkdir(join(folder, 'state', 'dms'), { recursive: true })
  await writeFile(path, text, { mode: 0o600 })
  const credentials = openCredentialsFile(path)
  const reads = credentials.get('localhost:8081', 'alice')
  await expect(reads).rejects.toThrow(UnusableCredentials)
  await expect(reads).rejects.toThrow(`${path} is damaged`)
  await expect(reads).rejects.toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('s3cr3t') }),
  )
  await expect(credentials.set('localhost:8081', 'alice', 'new')).rejects.toThrow(`${path} is damaged`)
  await expect(credentials.remove('localhost:8081', 'alice')).rejects.toThrow(`${path} is damaged`)
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('a place where nothing can be written is named', async () => {
  await writeFile(join(folder, 'state'), 'a file where a folder should be')
  await expect(openCredentialsFile(path).set('localhost:8081', 'alice', 'secret')).rejects.toThrow(
    `the credentials file ${path} cannot be written`,
  )
})

test('many who write at the same time all find what they wrote', async () => {
  const users = Array.from({ length: 20 }, (_, at) => `user${at}`)
  await Promise.all(
    users.map((user) => openCredentialsFile(path).set('localhost:8081', user, `secret of ${user}`)),
  )
  const credentials = openCredentialsFile(path)
  for (const user of users) expect(await credentials.get('localhost:8081', user)).toBe(`secret of ${user}`)
})

test('a reader never sees half a change', async () => {
  const credentials = openCredentialsFile(path)
  await credentials.set('localhost:8081', 'alice', 'secret')
  const writes = Promise.all(['b', 'c', 'd', 'e'].map((user) => credentials.set('localhost:8081', user, 'x')))
  const reads = Array.from({ length: 50 }, () => credentials.get('localhost:8081', 'alice'))
  expect(new Set(await Promise.all(reads))).toEqual(new Set(['secret']))
  await writes
})

test('a lock that a killed process left does not stop the others', async () => {
  await mkdir(join(folder, 'state', 'dms'), { recursive: true })
  await writeFile(`${path}.lock`, '4711-gone')
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(`${path}.lock`, longAgo, longAgo)
  await openCredentialsFile(path).set('localhost:8081', 'alice', 'secret')
  expect(await openCredentialsFile(path).get('localhost:8081', 'alice')).toBe('secret')
})

test('a file that its owner keeps elsewhere, behind a link, stays there', async () => {
  const elsewhere = join(folder, 'kept.json')
  await openCredentialsFile(elsewhere).set('localhost:8081', 'alice', 'one')
  await mkdir(join(folder, 'state', 'dms'), { recursive: true })
  await symlink(elsewhere, path)
  await openCredentialsFile(path).set('localhost:8081', 'bob', 'two')
  expect(await readlink(path)).toBe(elsewhere)
  expect(await openCredentialsFile(elsewhere).get('localhost:8081', 'bob')).toBe('two')
})
