import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  openTerminalClient,
  runDms,
  type ScriptResult,
  type TerminalClient,
} from '../support/command-line.ts'
import { testWith } from '../support/describe-with.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'

let server: RestartableServer
let folder: string
let credentials: string
const opened: TerminalClient[] = []

beforeAll(async () => {
  server = await startRestartableServer()
})
afterAll(() => server.close())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dms-accounts-'))
  credentials = join(folder, 'dms', 'credentials.json')
})
afterEach(async () => {
  for (const client of opened.splice(0)) await client.close()
  rmSync(folder, { recursive: true })
})

interface Person {
  readonly file?: string
  readonly password?: string
}

/** A script of somebody whose secrets are in `file`. */
function script(
  lines: readonly string[],
  { file = credentials, password = '' }: Person = {},
): Promise<ScriptResult> {
  const env = { XDG_STATE_HOME: folder, DMS_CREDENTIALS: file, DMS_PASSWORD: password }
  const input = lines.map((line) => `${line}\n`).join('')
  return runDms(['client', '-p', String(server.port), '--no-trim'], { input, env })
}

async function terminal(): Promise<TerminalClient> {
  const env = { XDG_STATE_HOME: folder, DMS_CREDENTIALS: credentials, NO_COLOR: '1' }
  const client = openTerminalClient(['-p', String(server.port), '--no-trim'], { columns: 200, env })
  opened.push(client)
  await client.until(/^c>$/m)
  return client
}

async function say(client: TerminalClient, typed: string, shown: RegExp): Promise<void> {
  client.type(`${typed}\r`)
  await client.until(shown)
}

const stored = () => JSON.parse(readFileSync(credentials, 'utf8')).credentials

test('REGISTER makes a secret that only its owner can read, CONNECT uses it, UNREGISTER removes it', async () => {
  expect((await script(['REGISTER alice', 'CONNECT alice'])).out).toEqual(['REGISTER OK', 'CONNECT OK'])
  expect(stored()).toEqual([
    { server: `localhost:${server.port}`, user: 'alice', secret: expect.stringMatching(/^[\w-]{24}$/) },
  ])
  expect(statSync(credentials).mode & 0o777).toBe(0o600)
  expect((await script(['UNREGISTER alice', 'CONNECT alice'])).out).toEqual([
    'UNREGISTER OK',
    'CONNECT FAIL , USER DOES NOT EXIST',
  ])
  expect(stored()).toEqual([])
})

test('without the secret nobody is let in, and it is said where it was looked for and what to do', async () => {
  await script(['REGISTER bob'])
  const other = join(folder, 'other.json')
  for (const [line, words] of [
    ['CONNECT bob', 'CONNECT FAIL'],
    ['CONNECT bob --takeover', 'CONNECT FAIL'],
    ['UNREGISTER bob', 'UNREGISTER FAIL'],
  ] as const) {
    const { code, out, hints } = await script([line], { file: other })
    expect([code, out]).toEqual([1, [words]])
    expect(hints).toEqual([
      `bob has a secret, and ${other} does not hold it for localhost:${server.port}. CONNECT at a terminal, which asks for a password, or set DMS_PASSWORD`,
    ])
  }
  const wrong = await script(['CONNECT bob'], { file: other, password: 'wrong' })
  expect([wrong.code, ...wrong.out, ...wrong.hints]).toEqual([
    1,
    'CONNECT FAIL',
    'user or secret is wrong (DMS_PASSWORD)',
  ])
})

test('a name that somebody has leaves no secret behind, and the one who has it keeps theirs', async () => {
  await script(['REGISTER carol'])
  const other = join(folder, 'other.json')
  expect((await script(['REGISTER carol'], { file: other })).out).toEqual(['USERNAME IN USE'])
  expect(JSON.parse(readFileSync(other, 'utf8')).credentials).toEqual([])
  expect((await script(['REGISTER carol', 'CONNECT carol'])).out).toEqual(['USERNAME IN USE', 'CONNECT OK'])
})

test('if the secret cannot be stored nobody is registered, and the line names the file', async () => {
  writeFileSync(join(folder, 'dms'), 'a file where a folder should be')
  const failed = await script(['REGISTER dave'])
  expect([failed.code, failed.out]).toEqual([1, ['REGISTER FAIL']])
  expect(failed.hints.at(-1)).toContain(credentials)
  expect((await script(['REGISTER dave'], { file: join(folder, 'good.json') })).out).toEqual(['REGISTER OK'])
})

test('a server that goes before it answers cannot lock anybody out: the secret is stored first, and used again', async () => {
  await server.kill()
  expect((await script(['REGISTER erin'])).code).toBe(3)
  const [{ secret }] = stored()
  await server.restart()
  expect((await script(['REGISTER erin', 'CONNECT erin'])).out).toEqual(['REGISTER OK', 'CONNECT OK'])
  expect(stored()).toMatchObject([{ user: 'erin', secret }])
})

test('an open account needs no secret', async () => {
  const legacy = ['client', '-p', String(server.port), '--legacy']
  expect((await runDms(legacy, { input: 'REGISTER frank\n' })).code).toBe(0)
  expect((await script(['CONNECT frank', 'UNREGISTER frank'])).out).toEqual(['CONNECT OK', 'UNREGISTER OK'])
})

testWith('python3')('a chosen password is asked for twice, is never shown, and is kept nowhere', async () => {
  const password = 'correct horse'
  const client = await terminal()
  await say(client, 'REGISTER grace --password', /^new password of grace:$/m)
  await say(client, password, /^the same again:$/m)
  await say(client, 'something else', /^REGISTER FAIL\nthe two passwords are not the same.*\nc>$/m)
  await say(
    client,
    'REGISTER grace --password',
    /^new password of grace:\nthe same.*\n(.*\n)*.*new password of grace:$/m,
  )
  client.type(`${password}\r`)
  await client.until(/the same again:$/)
  await say(client, password, /^REGISTER OK\nc>$/m)
  await say(client, 'CONNECT grace', /^password of grace:$/m)
  await say(client, 'wrong', /^CONNECT FAIL\nuser or secret is wrong.*\nc>$/m)
  await say(client, 'CONNECT grace', /CONNECT grace\npassword of grace:$/)
  client.type('\x03')
  await client.until(/CONNECT FAIL\n.*asks for a password, or set DMS_PASSWORD\nc>$/)
  await say(client, 'CONNECT grace', /CONNECT grace\npassword of grace:$/)
  await say(client, password, /^CONNECT OK\nc>$/m)
  // What is typed ahead of the question is no part of the answer, and is there again after it.
  const other = await terminal()
  other.type('CONNECT grace --takeover\rtyped ahead')
  await other.until(/password of grace:$/)
  await say(other, password, /^CONNECT OK\nc> typed ahead$/m)
  await client.until(/connected elsewhere.*\nc>$/)
  client.type('\x1b[A')
  await client.until(/^c> CONNECT grace$/m)
  client.type('\x15QUIT\r')
  expect(await client.left).toBe(0)
  expect(client.screen.rows().join('\n')).not.toMatch(/horse|wrong(?!\.|$)|something/m)
  expect(readFileSync(join(folder, 'dms', 'history'), 'utf8')).not.toMatch(/horse|wrong|something/)
  expect(() => stored()).toThrow('ENOENT')
  expect((await script(['CONNECT grace --takeover'], { password })).out).toEqual(['CONNECT OK'])
})

testWith('python3')(
  'a password that is typed before it is asked for answers the question: it is not shown, kept, or taken for a command',
  async () => {
    const client = await terminal()
    client.type('REGISTER mallory --password\rhunter two\rhunter two\rFOO\r')
    await client.until(
      /^new password of mallory:\nthe same again:\nREGISTER OK\nc> FOO\nError: command FOO not valid\.\nc>$/m,
    )
    client.type('CONNECT mallory\rhunter two\r')
    await client.until(/^password of mallory:\nCONNECT OK\nc>$/m)
    // Where nothing asks for it, it is a line like any other, and yet not kept for the next run.
    await say(client, 'hunter two', /^Error: command HUNTER not valid\.\nc>$/m)
    await say(client, 'SEND', /^Syntax error.*\nc>$/m)
    client.type('\x1b[A'.repeat(4))
    await client.until(/^c> FOO$/m)
    client.type('\x1b[A')
    await client.until(/^c> REGISTER mallory --password$/m)
    client.type('\x15QUIT\r')
    expect(await client.left).toBe(0)
    expect(client.screen.rows().filter((row) => row.includes('hunter'))).toEqual(['c> hunter two'])
    expect(readFileSync(join(folder, 'dms', 'history'), 'utf8')).toBe(
      'REGISTER mallory --password\nCONNECT mallory\nSEND\nQUIT\n',
    )
  },
)

testWith('python3')(
  'PASSWD puts a password in the place of the stored secret, which then is gone',
  async () => {
    await script(['REGISTER heidi', 'REGISTER ivan'])
    const copy = join(folder, 'copy.json')
    copyFileSync(credentials, copy)
    const client = await terminal()
    await say(client, 'PASSWD', /^PASSWD FAIL\nnobody is connected here.*\nc>$/m)
    await say(client, 'CONNECT heidi', /CONNECT OK\nc>$/)
    await say(client, 'PASSWD', /new password of heidi:$/)
    // What comes in meanwhile stands above the question.
    await script(['CONNECT ivan', 'SEND heidi boo'])
    await client.until(/^MESSAGE \d+ FROM ivan :\n {2}boo\nEND\nnew password of heidi:$/m)
    await say(client, 'pass word', /the same again:$/)
    await say(client, 'pass word', /^PASSWD OK\nc>$/m)
    expect(stored()).toMatchObject([{ user: 'ivan' }])
    client.type('QUIT\r')
    expect(await client.left).toBe(0)
    expect((await script(['CONNECT heidi'])).code).toBe(1)
    const stale = await script(['CONNECT heidi'], { file: copy })
    expect([stale.code, ...stale.hints]).toEqual([
      1,
      expect.stringContaining(`${copy} holds another secret for heidi`),
    ])
    for (const file of [credentials, copy]) {
      expect((await script(['CONNECT heidi'], { file, password: 'pass word' })).out).toEqual(['CONNECT OK'])
    }
  },
)

test('in a script DMS_PASSWORD is the password that REGISTER --password and PASSWD set', async () => {
  const refused = await script(['REGISTER judy --password'])
  expect([refused.code, ...refused.out, ...refused.hints]).toEqual([
    1,
    'REGISTER FAIL',
    'nobody can be asked for a password here: set DMS_PASSWORD',
  ])
  const password = 'from the environment'
  const lines = [
    'REGISTER judy --password',
    'CONNECT judy',
    'DISCONNECT judy',
    'REGISTER ken',
    'CONNECT ken',
    'PASSWD',
  ]
  expect((await script(lines, { password })).out).toEqual([
    'REGISTER OK',
    'CONNECT OK',
    'DISCONNECT OK',
    'REGISTER OK',
    'CONNECT OK',
    'PASSWD OK',
  ])
  expect(stored()).toEqual([])
  expect((await script(['CONNECT ken'], { password })).code).toBe(0)
})

test('the original protocol knows no passwords, and says so before it asks for one', async () => {
  const args = ['client', '-p', String(server.port), '--legacy']
  const { code, out, hints } = await runDms(args, {
    input: 'REGISTER leo --password\nPASSWD\nUSERS\nCONNECT leo --takeover\n',
  })
  expect([code, out]).toEqual([1, ['REGISTER FAIL', 'PASSWD FAIL', 'USERS FAIL', 'CONNECT FAIL']])
  expect(hints).toHaveLength(4)
  for (const hint of hints) expect(hint).toContain('the original protocol')
})
