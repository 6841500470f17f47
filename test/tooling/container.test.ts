import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describeWith } from '../support/describe-with.ts'

const run = promisify(execFile)

interface Service {
  readonly command: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes: readonly string[]
  readonly healthcheck: { readonly test: readonly string[] }
  readonly [key: string]: unknown
}

type Services = Readonly<Record<'server' | 'client', Service>>

/** docker-compose.yml as docker-compose understands it. Debian's prints YAML only, and brings Python's parser for it. */
async function readServices(): Promise<Services> {
  const { stdout } = await run('sh', [
    '-c',
    `docker-compose config | /usr/bin/python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'`,
  ])
  return JSON.parse(stdout).services
}

/** An instruction of the Dockerfile, its continued lines joined. */
interface Instruction {
  readonly word: string
  readonly rest: string
}

async function dockerfile(): Promise<readonly Instruction[]> {
  const text = (await readFile('Dockerfile', 'utf8')).replaceAll(/^#.*\n/gm, '').replaceAll('\\\n', '')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [word = '', ...rest] = line.trim().split(/\s+/)
      return { word, rest: rest.join(' ') }
    })
}

describeWith('docker-compose')('docker-compose.yml', () => {
  let services: Services

  beforeAll(async () => {
    services = await readServices()
  })

  test.each(['server', 'client'] as const)('gives the %s no more rights than it needs', (name) => {
    expect(services[name]).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      tmpfs: ['/tmp'],
      init: true,
    })
  })

  test('publishes both ports to this machine only', () => {
    const { server, client } = services
    expect(server.ports).toEqual(['127.0.0.1:8080:8080/tcp', '127.0.0.1:8081:8081/tcp'])
    expect(client.ports).toBeUndefined()
  })

  test('keeps the messages in a volume, restarts the server and gives it the time that SIGTERM may take', () => {
    const { server } = services
    expect(server).toMatchObject({
      volumes: ['messages:/data:rw'],
      restart: 'unless-stopped',
      stop_grace_period: '15s',
    })
    expect(server.command).toEqual(['server', '--host', '0.0.0.0', '--allow-legacy', '--data', '/data'])
  })

  test('opens a prompt against the server, and only when asked to', () => {
    const { client } = services
    expect(client).toMatchObject({
      profiles: ['client'],
      stdin_open: true,
      tty: true,
      depends_on: { server: { condition: 'service_healthy' } },
      command: ['client', '-s', 'server', '-p', '8081', '--wsdl', 'http://server:8080/?wsdl'],
    })
  })
})

describe('the Dockerfile', () => {
  test('runs as a numeric user, keeps everything in one volume and asks /readyz how it is', async () => {
    const instructions = await dockerfile()
    const rest = (wanted: string) => instructions.filter(({ word }) => word === wanted).map((it) => it.rest)
    expect(rest('USER')).toEqual(['10001:10001'])
    expect(rest('VOLUME')).toEqual(['/data'])
    expect(rest('FROM').at(-1)).toBe('node:24-slim')
    const health = rest('HEALTHCHECK')[0] ?? ''
    expect(health).toContain('http://127.0.0.1:8080/readyz')
    // The same words in docker-compose.yml, whichever version of its engine reads them.
    expect(await readFile('docker-compose.yml', 'utf8')).toContain(
      JSON.parse(health.slice(health.indexOf('['))).at(-1),
    )
  })

  test('copies nothing that .dockerignore keeps out', async () => {
    const admitted = (await readFile('.dockerignore', 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('!'))
    const copied = (await dockerfile())
      .filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from'))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1))
    expect(copied.toSorted()).toEqual(admitted.map((line) => line.slice(1)).toSorted())
  })

  describe('followed step by step in an empty folder', () => {
    let folder: string
    /** The final stage's root. */
    let image: string

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'dms-image-'))
      image = await follow(await dockerfile(), folder)
    }, 300_000)

    afterAll(async () => await rm(folder, { recursive: true }))

    test('makes a program that starts', async () => {
      const { version } = JSON.parse(await readFile('package.json', 'utf8'))
      const { stdout } = await run(process.execPath, ['dist/main.js', '--version'], {
        cwd: join(image, 'app'),
      })
      expect(stdout.trim()).toBe(version)
    })

    test('leaves out what only development needs', async () => {
      const { dependencies, devDependencies } = JSON.parse(await readFile('package.json', 'utf8'))
      const there = async (name: string) =>
        await stat(join(image, 'app/node_modules', name)).then(
          () => true,
          () => false,
        )
      for (const name of Object.keys(dependencies)) expect([name, await there(name)]).toEqual([name, true])
      for (const name of Object.keys(devDependencies))
        expect([name, await there(name)]).toEqual([name, false])
    })
  })
})

/** Does what the Dockerfile's WORKDIR, ENV, COPY and RUN say, each stage in a folder of its own, and tells the last stage's. */
async function follow(instructions: readonly Instruction[], folder: string): Promise<string> {
  const stages: string[] = []
  const names = new Map<string, string>()
  let workdir = '/'
  let env: Record<string, string> = {}
  const root = () => stages.at(-1) ?? folder
  const inStage = (path: string) => join(root(), path.startsWith('/') ? '' : workdir, path)

  const steps: Readonly<Record<string, (rest: string) => Promise<unknown>>> = {
    async FROM(rest) {
      const stage = join(folder, String(stages.length))
      stages.push(stage)
      names.set(rest.split(' AS ')[1] ?? rest, stage)
      workdir = '/'
      env = {}
      await mkdir(stage)
    },
    async WORKDIR(rest) {
      workdir = rest
      await mkdir(inStage('.'), { recursive: true })
    },
    ENV: async (rest) =>
      Object.assign(env, Object.fromEntries(rest.split(' ').map((pair) => pair.split('=')))),
    async COPY(rest) {
      const words = rest.split(' ')
      const paths = words.filter((word) => !word.startsWith('--'))
      const from = names.get(/--from=(\S+)/.exec(rest)?.[1] ?? '') ?? process.cwd()
      const target = paths.at(-1) ?? ''
      for (const source of paths.slice(0, -1)) {
        const to = target.endsWith('/')
          ? join(inStage(target), source.split('/').at(-1) ?? '')
          : inStage(target)
        await cp(join(from, source), to, { recursive: true, verbatimSymlinks: true })
      }
    },
    async RUN(rest) {
      await run('sh', ['-ec', rest], {
        cwd: inStage('.'),
        env: { ...process.env, ...env, npm_config_prefer_offline: 'true' },
      })
    },
  }
  for (const { word, rest } of instructions) await steps[word]?.(rest)
  return root()
}
