import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { makeCertificate } from '../support/certificate.ts'
import { describeWith } from '../support/describe-with.ts'
import { type Ended, runDmsToEnd, type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import type { ServerAddress } from './actor.ts'
import { killRun } from './kill-run.ts'
import { acceptedId, askLegacy, beginLegacyRequest } from './legacy-request.ts'

const DONE = Buffer.of(0)
/** Nobody of importance: who runs what must not be allowed something. */
const NOBODY = 65_534

let folder: string
const servers: ServerProcess[] = []

beforeEach(async () => {
  folder = await makeTempFolder()
})

afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill()
  await removeTempFolders()
})

async function start(...flags: string[]): Promise<ServerProcess & { address: ServerAddress }> {
  const server = await startServerProcess({ folder, flags })
  servers.push(server)
  return { ...server, address: { host: '127.0.0.1', port: server.port } }
}

/** Registers ann and bob; ann is connected, and nobody listens where she says. */
async function users(address: ServerAddress): Promise<void> {
  expect(await askLegacy(address, 'REGISTER', 'ann')).toEqual(DONE)
  expect(await askLegacy(address, 'REGISTER', 'bob')).toEqual(DONE)
  expect(await askLegacy(address, 'CONNECT', 'ann', '65001')).toEqual(DONE)
}

/** The texts that wait for bob. */
async function waiting(): Promise<string[]> {
  const { stdout } = await runDmsToEnd(['store', 'export', '--data', folder])
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>)
  return lines
    .filter(({ type, mailbox }) => type === 'message' && mailbox === 'bob')
    .map(({ text = '' }) => text)
}

/** Reliability R10. */
describe('a server that is told to stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s is not ready at once, answers the SEND that has begun, stores it, and ends with 0',
    async (signal) => {
      const { address, ...server } = await start()
      await users(address)
      expect((await server.readyz()).status).toBe(200)
      const send = await beginLegacyRequest(address, 1, 'SEND', 'ann', 'bob', 'begun before')
      server.signal(signal)
      // It does not end while the request is open, so this sees the state in between.
      await notReady(server)
      send.finish()
      const reply = await send.reply
      expect(reply[0]).toBe(0)
      expect(acceptedId(reply)).toBe(0)
      expect(await server.ended).toMatchObject({ code: 0, signal: null })
      expect(await waiting()).toEqual(['begun before'])
    },
  )

  test('over and over under load loses nothing, and shows nothing twice, not even to a program that remembers nothing', async () => {
    const { findings, left, repeated } = await killRun({ kills: 5, seed: 1, signal: 'SIGTERM' })
    expect(findings).toEqual([])
    expect({ left, repeated }).toEqual({ left: 0, repeated: 0 })
  }, 60_000)

  test('keeps every SEND that it answered, however many were on their way', async () => {
    const { address, ...server } = await start()
    await users(address)
    const answered: string[] = []
    const sends = Array.from({ length: 100 }, async (_, i) => {
      const reply = await askLegacy(address, 'SEND', 'ann', 'bob', `message ${i}`)
      if (reply[0] === 0) answered.push(`message ${i}`)
      if (answered.length === 10) server.signal('SIGTERM')
    })
    await Promise.allSettled(sends)
    expect(await server.ended).toMatchObject({ code: 0 })
    expect(answered.length).toBeGreaterThanOrEqual(10)
    expect(await waiting()).toEqual(expect.arrayContaining(answered))
  })

  // A peer may take 5 s to read an item, and a connection 2 s to end: the server's own deadline is 9.5 s, and then it ends with 1.
  test('waits neither for a silent connection nor for a peer that does not read, and ends with 0', async () => {
    const { address, ...server } = await start()
    await users(address)
    const deaf = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, address.host)
    await once(deaf, 'listening')
    const dialled = once(deaf, 'connection')
    await askLegacy(address, 'CONNECT', 'bob', String((deaf.address() as AddressInfo).port))
    await askLegacy(address, 'SEND', 'ann', 'bob', 'not read')
    const [socket] = await dialled
    await beginLegacyRequest(address, 3, 'SEND', 'ann', 'bob', 'never whole')
    server.signal('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0 })
    socket.destroy()
    deaf.close()
    expect(await waiting()).toEqual(['not read'])
  })

  test('ends now when it is told twice', async () => {
    const { address, ...server } = await start()
    await users(address)
    await beginLegacyRequest(address, 3, 'SEND', 'ann', 'bob', 'never whole')
    server.signal('SIGTERM')
    await notReady(server)
    server.signal('SIGTERM')
    const { code } = await server.ended
    expect(code).toBeGreaterThan(128)
  })

  async function notReady(server: ServerProcess): Promise<void> {
    for (;;) {
      const { status, text } = await server.readyz()
      if (status === 200) continue
      expect({ status, text }).toEqual({ status: 503, text: 'not ready: the server is shutting down\n' })
      return
    }
  }
})

describe('a server that cannot start says why in one line, without a stack', () => {
  const ONE_LINE = /^[^\n]+\n$/

  function expectOneLine({ stderr }: Ended, ...words: readonly string[]): void {
    expect(stderr).toMatch(ONE_LINE)
    for (const word of words) expect(stderr).toContain(word)
  }

  const serve = (data: string, ...flags: string[]): Promise<Ended> =>
    runDmsToEnd(['server', '-p', '0', '--soap-port', '0', '--data', data, ...flags])

  test('when another server uses the folder: exit code 1', async () => {
    await start()
    const second = await serve(folder)
    expect(second.code).toBe(1)
    expectOneLine(second, folder, '--data')
    // The first was not disturbed.
    expect((await servers[0]?.readyz())?.status).toBe(200)
  })

  test('when its port is in use: exit code 1', async () => {
    const { port, soapPort } = await start()
    const other = await makeTempFolder()
    const second = await serve(other, '-p', String(port))
    expect(second.code).toBe(1)
    expectOneLine(second, String(port), '--port')
    const third = await serve(other, '--soap-port', String(soapPort))
    expect(third.code).toBe(1)
    expectOneLine(third, String(soapPort), '--soap-port')
  })

  describeWith('openssl')('when a port for TLS is in use', () => {
    test.each(['--tls-port', '--https-port'])('%s: exit code 1', async (flag) => {
      const { port } = await start()
      const other = await makeTempFolder()
      const { certFile, keyFile } = makeCertificate(other, 'server')
      const certificate = ['--tls-cert', certFile, '--tls-key', keyFile]
      const second = await serve(join(other, 'data'), flag, String(port), ...certificate)
      expect(second.code).toBe(1)
      expectOneLine(second, `:${port} is in use`, flag)
    })
  })

  describeWith('util-linux')('when it may not write', () => {
    test('to the folder: exit code 1', async () => {
      await chmod(folder, 0o555)
      const refused = await (process.getuid?.() === 0
        ? runDmsToEnd(['server', '-p', '0', '--soap-port', '0', '--data', folder], {
            under: ['setpriv', `--reuid=${NOBODY}`, '--clear-groups'],
          })
        : serve(folder))
      expect(refused.code).toBe(1)
      expectOneLine(refused, folder, '--data')
    })
  })

  test('when the folder is a file: exit code 1', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const refused = await serve(file)
    expect(refused.code).toBe(1)
    expectOneLine(refused, file, '--data')
  })

  test.each([
    [['-p', '80x'], '80x'],
    [['--nonsense'], '--nonsense'],
    [['--backend', 'oracle'], 'lmdb, memory'],
    [['--host', '0.0.0.0'], '--allow-legacy'],
  ])('when its flags are wrong: %j, exit code 2', async (flags, word) => {
    const refused = await serve(folder, ...flags)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(word)
    expect(refused.stderr).not.toMatch(/^ {4}at /m)
  })
})
