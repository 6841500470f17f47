import { execFile, spawnSync } from 'node:child_process'
import { access, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** What a command printed, and its exit code. */
interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dms-prepare-'))
  for (const name of [
    'bin',
    'tools',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ]) {
    await cp(name, join(folder, name), { recursive: true })
  }
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  await mkdir(join(folder, 'src'))
  await source('main.ts', 'console.log(...process.argv.slice(2))\nexport {}\n')
})

afterEach(async () => await rm(folder, { recursive: true }))

const source = (name: string, text: string): Promise<void> => writeFile(join(folder, 'src', name), text)

const exists = (name: string): Promise<boolean> =>
  access(join(folder, name)).then(
    () => true,
    () => false,
  )

/** Runs Node in the folder, with other environment variables if any. */
function node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((ended) => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: folder, env: { ...process.env, ...env } },
      (_error, stdout, stderr) => ended({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

const dms = (...args: readonly string[]): Promise<Ended> => node(['bin/dms.mjs', ...args])

describe('before a command runs in a clone', () => {
  test('it is built, which is said on standard error, and only the first time', async () => {
    expect(await dms('hello')).toEqual({ code: 0, stdout: 'hello\n', stderr: 'Building (tsc) …\n' })
    expect(await dms('again')).toEqual({ code: 0, stdout: 'again\n', stderr: '' })
  })

  test('a changed source is built again, and a removed one leaves nothing behind', async () => {
    await source('extra.ts', 'export const extra = 1\n')
    await dms()
    expect(await exists('dist/extra.js')).toBe(true)
    await rm(join(folder, 'src/extra.ts'))
    await source('main.ts', "console.log('changed')\nexport {}\n")
    expect(await dms()).toMatchObject({ code: 0, stdout: 'changed\n' })
    expect(await exists('dist/extra.js')).toBe(false)
  })

  test('a build that fails says where, ends with 1 and leaves the last good build alone', async () => {
    await dms()
    const good = await readFile(join(folder, 'dist/main.js'), 'utf8')
    await source('main.ts', 'const wrong: string = 1\nexport { wrong }\n')
    const { code, stderr } = await dms()
    expect(code).toBe(1)
    expect(stderr).toMatch(/src\/main\.ts[^\n]*TS2322/)
    expect(stderr).toMatch(/The build failed: [^\n]*\n$/)
    expect(await readFile(join(folder, 'dist/main.js'), 'utf8')).toBe(good)
  })

  test('of several at once one builds and the others wait for it', async () => {
    const all = await Promise.all(['1', '2', '3'].map((name) => dms(name)))
    expect(all.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, '1\n'],
      [0, '2\n'],
      [0, '3\n'],
    ])
    expect(all.filter(({ stderr }) => stderr.includes('Building'))).toHaveLength(1)
  })

  test('the lock of a process that died holds nobody up', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    await mkdir(join(folder, '.dms'))
    await writeFile(join(folder, '.dms/prepare.lock'), String(dead))
    expect(await dms('on')).toMatchObject({ code: 0, stdout: 'on\n' })
    expect(await exists('.dms/prepare.lock')).toBe(false)
  })

  test('what is installed is compared with package-lock.json, and without a registry one line says what to do', async () => {
    await rm(join(folder, 'node_modules'))
    const { code, stderr } = await node(['bin/dms.mjs'], {
      npm_config_registry: 'http://127.0.0.1:9/',
      npm_config_cache: join(folder, 'empty-cache'),
      npm_config_fetch_retries: '0',
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Installing dependencies \(npm ci\) …\n/)
    expect(stderr).toMatch(/npm ci failed [^\n]*check the network[^\n]*\n$/)
  })

  test('a Node that is too old is told so in one line', async () => {
    const old = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.8"})'
    expect(await node(['--import', old, 'tools/run.mjs', 'build'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'This needs Node 20.19 or newer, and runs on 18.20.8: see https://nodejs.org\n',
    })
  })

  test('a task that there is not is refused with the list of those there are', async () => {
    expect(await node(['tools/run.mjs', 'fly'])).toMatchObject({
      code: 2,
      stderr: 'run.mjs: say one of start, test, check, bench, build, format\n',
    })
  })
})
