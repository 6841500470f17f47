import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '../support/certificate.ts'
import {
  createUsers,
  openPipedClient,
  openTerminalClient,
  runScript,
  type TerminalClient,
} from '../support/command-line.ts'
import { describeWith, testWith } from '../support/describe-with.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'

let server: RestartableServer
let state: string
const opened: { close(): Promise<void> }[] = []

beforeAll(async () => {
  server = await startRestartableServer()
})
afterAll(() => server.close())
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'dms-session-'))
})
afterEach(async () => {
  for (const client of opened.splice(0)) await client.close()
  rmSync(state, { recursive: true })
})

const at = () => ['-p', String(server.port), '--wsdl', server.wsdl]

const users = createUsers(['alice', 'bob'], at)
/** Two names that no other test uses, registered. */
const newUsers = () => users() as Promise<[string, string]>

async function connected(user: string): Promise<TerminalClient> {
  const client = openTerminalClient(at(), { columns: 200, env: { XDG_STATE_HOME: state, NO_COLOR: '1' } })
  opened.push(client)
  await client.until(/^c>$/m)
  client.type(`CONNECT ${user}\r`)
  await client.until(/^CONNECT OK\n(.*\n)*c>$/m)
  return client
}

testWith('python3')(
  'a server that is killed is one status line; typing goes on, and what was sent meanwhile goes out once, in order, when it is back',
  async () => {
    const [alice, bob] = await newUsers()
    const client = await connected(alice)
    await server.kill()
    await client.until(/^the server is away and looked for; what you send waits \(.*\)\nc>$/m)
    client.type(`SEND ${bob} first   of two\rFOO\rSEND ${bob} second\rHELP\rREGISTER carol\r`)
    await client.until(
      /Error: command FOO not valid\.\n(.*\n)*0 done(.*\n)*REGISTER FAIL\n.*is away and looked for.*\nc>$/,
    )
    client.type('half a li')
    await client.until(/half a li$/)
    expect(client.screen.rows().join('\n')).not.toContain('SEND OK')
    await server.restart()
    await client.until(
      /^the server is back\nSEND OK - MESSAGE id \d+\nSEND OK - MESSAGE id \d+\nc> half a li$/m,
    )
    expect(client.screen.rows().filter((row) => row.startsWith('the server is'))).toHaveLength(2)
    const receiver = openPipedClient(...at())
    receiver.type(`CONNECT ${bob}`)
    await receiver.until(/second\nEND/)
    const { out, hints } = await receiver.end()
    expect(out.filter((line) => line.startsWith('  '))).toEqual(['  first of two', '  second'])
    expect(hints).toEqual(['2 messages waiting'])
    await client.until(/SEND MESSAGE id \d+ OK\nSEND MESSAGE id \d+ OK\nc> half a li$/)
  },
)

testWith('python3')('who leaves while the server is away is told what was not sent', async () => {
  const [alice, bob] = await newUsers()
  const client = await connected(alice)
  await server.kill()
  await client.until(/looked for.*\nc>$/)
  client.type(`SEND ${bob} too late\rQUIT\r`)
  await client.until(/^SEND FAIL\n.*not sent.*\n\+\+\+ FINISHED \+\+\+$/m)
  expect(await client.left).toBe(0)
  await server.restart()
})

test('a script waits with its SEND until the server is back', async () => {
  const [alice, bob] = await newUsers()
  const client = openPipedClient(...at())
  client.type(`CONNECT ${alice}`)
  await client.until(/CONNECT OK/)
  await server.kill()
  client.type(`SEND ${bob} one`, `SEND ${bob} two`)
  await server.restart()
  const { code, out, hints } = await client.end()
  expect([code, out.length]).toEqual([0, 3])
  expect(out.slice(1)).toEqual(Array(2).fill(expect.stringMatching(/^SEND OK - MESSAGE id \d+$/)))
  expect(hints).toEqual([expect.stringMatching(/^the server is away/), 'the server is back'])
})

test('a signal ends a script that waits for the server', async () => {
  const [alice, bob] = await newUsers()
  const client = openPipedClient(...at(), '--json')
  client.type(`CONNECT ${alice}`)
  await client.until(/CONNECT OK/)
  await server.kill()
  await client.until(/"state":"lost"/)
  client.type('FOO', `SEND ${bob} never`)
  await client.until(/"usage"/)
  const ended = once(client.child, 'exit')
  client.child.kill('SIGTERM')
  expect((await ended)[0]).toBe(143)
  expect((await client.end()).out.join('\n')).not.toContain('SEND OK')
  await server.restart()
})

testWith('python3')(
  'a user who is connected elsewhere is not torn away by accident; --takeover does it, and the other is told in one line',
  async () => {
    const [alice, bob] = await newUsers()
    const client = await connected(alice)
    const refused = await runScript([`CONNECT ${alice}`], ...at())
    expect(refused).toEqual({
      code: 1,
      out: ['USER ALREADY CONNECTED'],
      hints: [`CONNECT ${alice} --takeover ends the session elsewhere`],
    })
    client.type('SEND')
    await client.until(/SEND$/)
    const other = openPipedClient(...at())
    other.type(`CONNECT ${alice} --takeover`)
    await other.until(/CONNECT OK/)
    await client.until(/^you are not connected any more: this user has connected elsewhere.*\nc> SEND$/m)
    client.type(` ${bob} hi\r`)
    await client.until(/^SEND FAIL\n.*CONNECT <userName> first\nc>$/m)
    expect((await other.end()).code).toBe(0)
  },
)

test('how many wait is a line of its own, and with --json a field', async () => {
  const [alice, bob] = await newUsers()
  const sends = [1, 2, 3].map((n) => `SEND ${bob} ${n}`)
  await runScript([`CONNECT ${alice}`, ...sends], ...at())
  const silent = openPipedClient(...at(), '--json')
  silent.type(`CONNECT ${bob}`)
  await silent.until(/"command":"CONNECT","waiting":3,"text":"CONNECT OK"/)
  await silent.until(/"text":"3"/)
  await silent.end()
  const { out, hints } = await runScript([`CONNECT ${bob}`], ...at())
  expect([out, hints]).toEqual([['CONNECT OK'], []])
})

test('what one run has shown no later one shows again, whatever is killed', async () => {
  const [alice, bob] = await newUsers()
  await runScript([`CONNECT ${alice}`, `SEND ${bob} once`], ...at())
  const first = openPipedClient(...at())
  first.type(`CONNECT ${bob}`)
  await first.until(/once\nEND/)
  await server.kill()
  first.child.kill('SIGKILL')
  await server.restart()
  const { out } = await runScript([`CONNECT ${bob}`, `SEND ${bob} twice`], ...at())
  expect(out.join('\n')).not.toContain('once')
})

testWith('python3')('USERS shows who begins so, and who is online; Tab knows them then', async () => {
  const [alice, bob] = await newUsers()
  const client = await connected(bob)
  client.type(`USERS ${alice}\r`)
  await client.until(new RegExp(`^${alice} offline\\nc>$`, 'm'))
  client.type('USERS nobody\r')
  await client.until(/^no user has a name that begins so\nc>$/m)
  client.type(`SEND ${alice.slice(0, -1)}`)
  await client.until(new RegExp(`SEND ${alice.slice(0, -1)}$`))
  client.type('\t')
  await client.until(new RegExp(`^c> SEND ${alice}$`, 'm'))
  const { out } = await runScript([`CONNECT ${alice}`, `USERS ${bob}`], ...at(), '--json')
  expect(JSON.parse(out[1] ?? '')).toEqual({
    type: 'reply',
    command: 'USERS',
    users: [{ name: bob, online: true }],
    text: `${bob} online`,
  })
})

describeWith('openssl')('TLS', () => {
  test('--tls reaches the TLS port of a server that --ca vouches for, and no other', async () => {
    const { certFile, keyFile } = makeCertificate(state, 'server')
    const secure = await startRestartableServer(
      '--tls-port',
      '0',
      '--tls-cert',
      certFile,
      '--tls-key',
      keyFile,
    )
    opened.push(secure)
    const port = ['-s', '127.0.0.1', '-p', String(secure.tlsPort), '--tls']
    const lines = ['REGISTER alice', 'CONNECT alice']
    expect((await runScript(lines, ...port, '--ca', certFile)).out).toEqual(['REGISTER OK', 'CONNECT OK'])
    const unknown = await runScript(['CONNECT alice'], ...port)
    expect([unknown.code, unknown.out, unknown.hints.length]).toEqual([3, ['CONNECT FAIL'], 1])
    expect(unknown.hints[0]).toMatch(/over TLS \(.*certificate.*\)/)
    const plain = ['-s', '127.0.0.1', '-p', String(secure.port), '--tls', '--ca', certFile]
    expect((await runScript(['CONNECT alice'], ...plain)).code).toBe(3)
  })
})
