import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

const run = promisify(execFile)

/** docs/client.md, its programs run as a reader would: in a folder where the package is installed. */
describe('the page about the client library', () => {
  let page: string
  let folder: string
  let server: RestartableServer

  beforeAll(async () => {
    page = await readFile('docs/client.md', 'utf8')
    server = await startRestartableServer()
    folder = await makeTempFolder()
    await mkdir(join(folder, 'node_modules'))
    await symlink(process.cwd(), join(folder, 'node_modules', 'distributed-messaging-service'))
  })
  afterAll(async () => {
    await server.close()
    await removeTempFolders()
  })

  function program(at: number): string {
    const blocks = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code)
    return (blocks[at] ?? '').replaceAll('8081', String(server.port))
  }

  async function said(at: number): Promise<string> {
    const path = join(folder, `program-${at}.mjs`)
    await writeFile(path, program(at))
    const { stdout, stderr } = await run(process.execPath, [path], { cwd: folder, timeout: 15_000 })
    expect(stderr).toBe('')
    return stdout
  }

  test('begins with a program that sends, is refused, receives, and gets its receipt', async () => {
    expect(await said(0)).toBe(
      [
        'message 0 is stored',
        'there is no such user',
        'boogie33 says: wanna hear a joke?',
        'message 0 was received',
        '',
      ].join('\n'),
    )
  })

  test('ends with one that follows its connection and stops by a signal', async () => {
    expect(await said(1)).toBe('connecting\nonline\nnumber 1\nnumber 2\nnumber 3\nthat was all\n')
  })

  test('has a program whose types are right', async () => {
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    // Types that were not found would let everything pass.
    const mistake = "\n// @ts-expect-error a name is text\nvoid beast.send(1, 'hello')\n"
    await writeFile(join(folder, 'program.ts'), program(0) + mistake)
    const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext']
    const types = ['--types', 'node', '--typeRoots', join(process.cwd(), 'node_modules/@types')]
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc')
    await run(process.execPath, [tsc, ...flags, ...types, 'program.ts'], { cwd: folder })
  }, 60_000)

  test('names every export and every option there is', async () => {
    const index = await readFile('src/index.ts', 'utf8')
    const exports = [...index.matchAll(/\{(.*?)\} from/gs)].flatMap(([, names = '']) => [
      ...names.replaceAll(/type\s/g, '').matchAll(/\w+/g),
    ])
    const wired = await readFile('src/client/connect.ts', 'utf8')
    const options = [...wired.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name)
    expect(exports.length).toBeGreaterThan(10)
    expect(options.length).toBeGreaterThan(10)
    const unnamed = [...exports.map(([name]) => name), ...options].filter(
      (name) => !new RegExp(`\\b${name}\\b`).test(page),
    )
    expect(unnamed).toEqual([])
  })
})
