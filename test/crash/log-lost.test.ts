import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describeWith } from '../support/describe-with.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { askLegacy } from './legacy-request.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const TERMINAL = fileURLToPath(new URL('../support/terminal.py', import.meta.url))

/** What becomes of a server that cannot write its log any more. */
describe('a server', () => {
  const children: ChildProcess[] = []
  let folder: string

  beforeEach(async () => {
    folder = await makeTempFolder()
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await removeTempFolders()
  })

  /** Starts one, and reads its port from what it says. */
  async function start(command: string, ...args: readonly string[]): Promise<[ChildProcess, number]> {
    const flags = ['server', '-p', '0', '--soap-port', '0', '--data', folder]
    const child = spawn(command, [...args, MAIN, ...flags], { stdio: ['pipe', 'pipe', 'ignore'] })
    children.push(child)
    let said = ''
    for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      said += chunk
      const [, port] = /init server 127\.0\.0\.1:(\d+)\s|"port":(\d+)/.exec(said)?.filter(Boolean) ?? []
      if (port !== undefined) return [child, Number(port)]
    }
    throw new Error(`the server did not start: ${said}`)
  }

  const register = async (port: number, name: string) =>
    (await askLegacy({ host: '127.0.0.1', port }, 'REGISTER', name))[0]

  test.each(['plain', 'json'])(
    'whose %s log has lost its reader serves on, and ends in order',
    async (form) => {
      const [child, port] = await start('env', `DMS_LOG=${form}`, process.execPath)
      child.stdout?.destroy()
      for (const name of ['ann', 'bob', 'carl']) expect(await register(port, name)).toBe(0)
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      expect(await ended).toEqual([0, null])
    },
  )

  describeWith('python3')('at a terminal', () => {
    test('that is closed ends in order, as by a signal, as soon as it has something to say', async () => {
      const [terminal, port] = await start('python3', TERMINAL, '80', process.execPath)
      expect(await register(port, 'ann')).toBe(0)
      terminal.kill('SIGKILL')
      await once(terminal, 'exit')
      expect(await register(port, 'bob')).toBe(0)
      while (await answers(port)) await new Promise((resolve) => setImmediate(resolve))
      // Who ends in order takes its claim along.
      while ((await readdir(folder)).some((name) => /^in-use/.test(name)));
      expect(await readdir(folder)).not.toContain('admin.sock')
    })
  })
})

function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  }).finally(() => socket.destroy()) as Promise<boolean>
}
