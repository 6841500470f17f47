import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A running `npm start`, leader of a process group as a shell would make it, and what it has printed so far. */
interface Start {
  readonly process: ChildProcess
  printed: string
}

/** The commands of the README, typed into a clone that has nothing installed and nothing built. */
describe('a fresh clone', () => {
  let folder: string
  let clone: string
  let first: Start
  const started: ChildProcess[] = []

  const env = (): NodeJS.ProcessEnv => ({ ...process.env, XDG_STATE_HOME: join(folder, 'state') })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dms-clone-'))
    clone = join(folder, 'clone')
    await run('git', ['clone', '--quiet', '--no-hardlinks', process.cwd(), clone])
    first = await start()
  }, 240_000)

  afterAll(async () => {
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      process.kill(-(child.pid ?? 0), 'SIGKILL')
      await once(child, 'close')
    }
    await rm(folder, { recursive: true, force: true })
  })

  /** Runs `npm start` until it says how to open a client. */
  async function start(): Promise<Start> {
    const args = ['start', '--', '--port', '0', '--soap-port', '0', '--log', 'plain']
    const child = spawn('npm', args, { cwd: clone, env: env(), detached: true })
    started.push(child)
    const it: Start = { process: child, printed: '' }
    await new Promise<void>((resolve, reject) => {
      const look = (chunk: Buffer): void => {
        it.printed += chunk.toString()
        if (/npx dms client.*\n/.test(it.printed)) resolve()
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      child.once('close', () => reject(new Error(`npm start ended:\n${it.printed}`)))
    })
    return it
  }

  test('installs and builds with npm start, says so, and tells where everything is', () => {
    expect(first.printed).toMatch(/Installing dependencies[\s\S]*Building/)
    expect(first.printed).toMatch(/127\.0\.0\.1:\d+/)
    expect(first.printed).toMatch(/http:\/\/\S+:\d+\/\?wsdl/)
    expect(first.printed).toContain(join(folder, 'state'))
  })

  test('has npx dms at hand, without a second build and without a registry', async () => {
    const alone = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_cache: join(folder, 'cache') }
    const { stdout, stderr } = await run('npx', ['dms', '--version'], {
      cwd: clone,
      env: { ...env(), ...alone },
    })
    expect(stdout.trim()).toBe('0.1.0')
    expect(stderr).not.toContain('Building')
  })

  test('runs the tests that are named after npm test --', async () => {
    const { stderr } = await run('npm', ['test', '--', 'test/unit/harmless'], { cwd: clone, env: env() })
    expect(stderr).toMatch(/Test Suites: 1 passed, 1 total/)
    expect(stderr).not.toMatch(/Installing|Building|ExperimentalWarning/)
  }, 120_000)

  test('stops on SIGTERM, and npm start ends with the exit code of the server', async () => {
    first.process.kill('SIGTERM')
    const [code, signal] = await once(first.process, 'close')
    expect({ code, signal }).toEqual({ code: 0, signal: null })
  })

  test('takes Ctrl-C as one signal, although npm hands on what the terminal sends to all', async () => {
    const second = await start()
    expect(second.printed).not.toMatch(/Installing|Building/)
    process.kill(-(second.process.pid ?? 0), 'SIGINT')
    const [code] = await once(second.process, 'close')
    expect(code).toBe(0)
    expect(second.printed.match(/SIGINT/g)).toHaveLength(1)
  })
})
