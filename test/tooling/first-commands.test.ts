import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The commands of the README, typed into a clone that has nothing installed and nothing built. */
describe('a fresh clone', () => {
  let folder: string
  let clone: string
  let server: ChildProcess
  let printed = ''

  const env = (): NodeJS.ProcessEnv => ({ ...process.env, XDG_STATE_HOME: join(folder, 'state') })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dms-clone-'))
    clone = join(folder, 'clone')
    await run('git', ['clone', '--quiet', '--no-hardlinks', process.cwd(), clone])
    server = spawn('npm', ['start', '--', '--port', '0', '--soap-port', '0', '--log', 'plain'], {
      cwd: clone,
      env: env(),
    })
    await said(/npx dms client.*/)
  }, 240_000)

  afterAll(async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGTERM')
      await once(server, 'close')
    }
    await rm(folder, { recursive: true, force: true })
  })

  /** Resolves when the server has printed this; rejects with everything it printed if it ends before. */
  function said(what: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (chunk: Buffer): void => {
        printed += chunk.toString()
        if (what.test(printed)) resolve()
      }
      server.stdout?.on('data', look)
      server.stderr?.on('data', look)
      server.once('close', () => reject(new Error(`npm start ended:\n${printed}`)))
    })
  }

  test('installs and builds with npm start, says so, and tells where everything is', () => {
    expect(printed).toMatch(/Installing dependencies[\s\S]*Building/)
    expect(printed).toMatch(/127\.0\.0\.1:\d+/)
    expect(printed).toMatch(/http:\/\/\S+:\d+\/\?wsdl/)
    expect(printed).toContain(join(folder, 'state'))
  })

  test('has npx dms at hand, without a second build', async () => {
    const { stdout, stderr } = await run('npx', ['dms', '--version'], { cwd: clone, env: env() })
    expect(stdout.trim()).toBe('0.1.0')
    expect(stderr).not.toContain('Building')
  })

  test('runs the tests that are named after npm test --', async () => {
    const { stderr } = await run('npm', ['test', '--', 'test/unit'], { cwd: clone, env: env() })
    expect(stderr).toMatch(/Tests: .* passed/)
    expect(stderr).not.toMatch(/Installing|Building|ExperimentalWarning/)
  }, 120_000)

  test('passes SIGTERM on once, and npm start ends with the exit code of the server', async () => {
    server.kill('SIGTERM')
    const [code, signal] = await once(server, 'close')
    expect({ code, signal }).toEqual({ code: 0, signal: null })
  })
})
