import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createUsers,
  openTerminalClient,
  PROTOCOLS,
  runScript,
  type TerminalClient,
  type TerminalOptions,
} from '../support/command-line.ts'
import { describeWith, testWith } from '../support/describe-with.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'

let server: RestartableServer
let state: string
const opened: TerminalClient[] = []

beforeAll(async () => {
  server = await startRestartableServer()
})
afterAll(() => server.close())
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'dms-state-'))
})
afterEach(async () => {
  for (const client of opened.splice(0)) await client.close()
  rmSync(state, { recursive: true })
})

const at = () => ['-s', 'localhost', '-p', String(server.port), '--wsdl', server.wsdl, ...protocol]

let protocol: readonly string[] = PROTOCOLS[0][1]

async function terminal({ columns = 200, env }: TerminalOptions = {}): Promise<TerminalClient> {
  const client = openTerminalClient(at(), { columns, env: { XDG_STATE_HOME: state, NO_COLOR: '1', ...env } })
  opened.push(client)
  await client.until(/^c>$/m)
  return client
}

const users = new Map<readonly string[], () => Promise<string[]>>()
/** A name that no other test uses, registered. */
async function newUser(): Promise<string> {
  const beginning = protocol.length === 0 ? 'us' : 'old'
  const newUsers = users.get(protocol) ?? createUsers([beginning], at)
  users.set(protocol, newUsers)
  return (await newUsers())[0] as string
}

async function connected(user: string, options?: TerminalOptions): Promise<TerminalClient> {
  const client = await terminal(options)
  client.type(`CONNECT ${user}\r`)
  await client.until(/^CONNECT OK\n(.*\n)*c>$/m)
  return client
}

async function leave(client: TerminalClient): Promise<void> {
  client.type('QUIT\r')
  expect(await client.left).toBe(0)
}

describeWith('python3').each(PROTOCOLS)('over the %s protocol', (_name, flags) => {
  beforeAll(() => {
    protocol = flags
  })
  afterAll(() => {
    protocol = PROTOCOLS[0][1]
  })

  test('the conversation of wire-protocol 4, word for word', async () => {
    const client = await terminal()
    const say = async (line: string, reply: RegExp) => {
      client.type(`${line}\r`)
      await client.until(new RegExp(`^c> ${line.replaceAll('?', '\\?')}\n${reply.source}\nc>$`, 'm'))
    }
    await say('REGISTER boogie33', /REGISTER OK/)
    await say('register boogie33', /USERNAME IN USE/)
    await say('CONNECT boogie33', /CONNECT OK/)
    await say('CONNECT boogie33', /USER ALREADY CONNECTED/)
    await say(
      'SEND boogie33 hi,   wanna hear   a joke?',
      /SEND OK - MESSAGE id (\d+)\nMESSAGE \1 FROM boogie33 :\n {2}hi, wanna hear a joke\?\nEND\nSEND MESSAGE id \1 OK/,
    )
    await say('SEND nobody hi', /SEND FAIL \/ USER DOES NOT EXIST/)
    await say('FOO', /Error: command FOO not valid\./)
    await say('SEND boogie33', /Syntax error\. Usage: SEND <userName> <message>/)
    await say('DISCONNECT boogie33', /DISCONNECT OK/)
    await say('DISCONNECT boogie33', /DISCONNECT FAIL \/ USER NOT CONNECTED/)
    await say('UNREGISTER boogie33', /UNREGISTER OK/)
    await say('UNREGISTER boogie33', /USER DOES NOT EXIST/)
    await say('CONNECT boogie33', /CONNECT FAIL , USER DOES NOT EXIST/)
    client.type('QUIT\r')
    await client.until(/^c> QUIT\n\+\+\+ FINISHED \+\+\+$/m)
    expect(await client.left).toBe(0)
  })

  test.each([200, 24])('a message does not tear the line being typed, %i columns wide', async (columns) => {
    const [alice, bob] = [await newUser(), await newUser()]
    const client = await connected(alice, { columns })
    const typed = `SEND ${bob} half a sentence, and`
    client.type(typed)
    await client.until(/and$/)
    const end = client.screen.cursor()
    client.type('\x1b[D\x1b[D\x1b[D')
    await runScript([`CONNECT ${bob}`, `SEND ${alice} coming in`], ...at())
    await client.until(/END\n(.*\n)*.*and$/)
    const rows = client.screen.rows()
    const message = rows.findIndex((row) => new RegExp(`^MESSAGE \\d+ FROM ${bob} :$`).test(row))
    expect(rows.slice(message + 1, message + 3)).toEqual(['  coming in', 'END'])
    expect(rows).not.toContain('')
    expect(
      rows
        .slice(message + 3)
        .join('')
        .replaceAll(' ', ''),
    ).toBe(`c> ${typed}`.replaceAll(' ', ''))
    expect(rows.filter((row) => row.startsWith('c> SEND'))).toHaveLength(1)
    // It goes back to its place after the line is drawn.
    while (client.screen.cursor().column !== end.column - 3)
      await new Promise((resolve) => setImmediate(resolve))
    client.type('X')
    await client.until(/Xand$/)
    client.type('\r')
    await client.until(/^SEND OK - MESSAGE id \d+$/m)
    const other = await connected(bob)
    await other.until(/^ {2}half a sentence, Xand$/m)
  })

  test('Ctrl-D leaves, and disconnects first, so that the next CONNECT is welcome', async () => {
    const alice = await newUser()
    const client = await connected(alice)
    client.type('\x04')
    expect(await client.left).toBe(0)
    expect(client.screen.rows().slice(-2)).toEqual(['c>', '+++ FINISHED +++'])
    await leave(await connected(alice))
  })

  test('a terminal that is closed, too, disconnects first', async () => {
    const alice = await newUser()
    const client = await connected(alice)
    await client.close()
    expect(await client.left).toBe(128 + constants.signals.SIGHUP)
    await leave(await connected(alice))
  })
})

testWith('python3').each([200, 24])(
  'lines that are pasted are carried out in order, each reply under its line, %i columns wide',
  async (columns) => {
    const alice = await newUser()
    const client = await terminal({ columns })
    const before = client.screen.rows().slice(0, -1)
    const text = 'x'.repeat(columns)
    client.type(`CONNECT ${alice}\rDISCONNECT ${alice}\rSEND ${text} hi\rFOO\rUSE`)
    await client.until(/^c> USE$/m)
    const lines = [
      `c> CONNECT ${alice}`,
      'CONNECT OK',
      `c> DISCONNECT ${alice}`,
      'DISCONNECT OK',
      `c> SEND ${text} hi`,
      'SEND FAIL',
      'nobody is connected here: CONNECT <userName> first',
      'c> FOO',
      'Error: command FOO not valid.',
      'c> USE',
    ]
    const row = new RegExp(`.{1,${columns}}`, 'g')
    const wrapped = lines.flatMap((line) => line.match(row) ?? []).map((shown) => shown.trimEnd())
    expect(client.screen.rows().slice(before.length)).toEqual(wrapped)
  },
)

testWith('python3').each([
  ['to the end of the row', 17],
  ['beyond it', 30],
])('a line that was pasted %s is not torn by a message, and can be changed', async (_how, length) => {
  const [alice, bob] = [await newUser(), await newUser()]
  const client = await connected(alice, { columns: 24 })
  const before = client.screen.rows().slice(0, -1)
  const pasted = `HELP ${'x'.repeat(length - 1)}y`
  client.type(pasted)
  await client.until(/y$/)
  await runScript([`CONNECT ${bob}`, `SEND ${alice} coming in`], ...at())
  await client.until(/END\n(.*\n)*.*y$/)
  client.type('\x1b[DX')
  await client.until(/X\n?y$/)
  const rows = client.screen.rows()
  expect(rows.slice(0, before.length)).toEqual(before)
  expect(rows.slice(before.length + 1, before.length + 3)).toEqual(['  coming in', 'END'])
  expect(rows.slice(before.length + 3).join('')).toBe(`c> ${pasted.slice(0, -1)}Xy`)
})

testWith('python3')('Ctrl-C clears the line, and twice leaves', async () => {
  const client = await terminal()
  client.type('SEND bob oh no')
  await client.until(/oh no$/)
  client.type('\x03')
  await client.until(/^\(Ctrl-C again leaves\)\nc>$/m)
  expect(client.screen.rows().join('\n')).not.toContain('oh no')
  client.type('FOO\r')
  await client.until(/not valid\.\nc>$/)
  client.type('\x03')
  await client.until(/leaves\)\nc>$/)
  client.type('\x03')
  expect(await client.left).toBe(0)
  expect(client.screen.rows().at(-1)).toBe('+++ FINISHED +++')
})

testWith('python3')(
  'the arrow keys bring back what an earlier run typed, also a message that could not be sent',
  async () => {
    const first = await terminal()
    first.type('SEND bob   kept as typed\r')
    await first.until(/^SEND FAIL\n.*CONNECT <userName> first\nc>$/m)
    await leave(first)
    const second = await terminal()
    second.type('\x1b[A\x1b[A')
    await second.until(/^c> SEND bob {3}kept as typed$/m)
  },
)

testWith('python3')('Tab completes commands, and names that came up', async () => {
  const alice = await newUser()
  const client = await terminal()
  client.type(`REGISTER ${alice}\r`)
  await client.until(/USERNAME IN USE\nc>$/)
  client.type('con')
  await client.until(/con$/)
  client.type('\t')
  await client.until(/^c> CONNECT$/m)
  client.type('us')
  await client.until(/us$/)
  client.type('\t')
  await client.until(new RegExp(`^c> CONNECT ${alice}$`, 'm'))
  client.type('\r')
  await client.until(/CONNECT OK\nc>$/)
  await leave(client)
})

testWith('python3')('what a peer sent cannot move the cursor, paint, or fake an END', async () => {
  const [alice, bob] = [await newUser(), await newUser()]
  const client = await connected(bob)
  const text = '\x1b[2J\x9b31m\u202egone\rEND'
  const sent = await runScript([`CONNECT ${alice}`, `SEND ${bob} ${text}`], ...at(), '--no-trim')
  expect(sent.code).toBe(0)
  await client.until(/^ {2}\\x1b\[2J\\x9b31m\\u202egone\\rEND\nEND\nc>$/m)
  await leave(client)
})

testWith('python3')('there is colour at a terminal, unless NO_COLOR says otherwise', async () => {
  for (const [NO_COLOR, colored] of [
    ['', true],
    ['1', false],
  ] as const) {
    const client = await terminal({ env: { NO_COLOR } })
    client.type('SEND bob hi\r')
    await client.until(/CONNECT <userName> first\nc>$/)
    expect(client.screen.colored()).toBe(colored)
  }
})

testWith('python3')(
  'over the original protocol a server that is away is one clear line, and when it is back so is the conversation',
  async () => {
    protocol = PROTOCOLS[1][1]
    const alice = await newUser()
    const client = await connected(alice)
    await server.kill()
    client.type(`SEND ${alice} hi\r`)
    await client.until(
      new RegExp(`^SEND FAIL\n.*localhost:${server.soapPort}.* not sent; .*--no-trim\nc>$`, 'm'),
    )
    client.type('REGISTER bob\r')
    await client.until(
      new RegExp(`^REGISTER FAIL\ncannot reach localhost:${server.port} .*-s and -p\nc>$`, 'm'),
    )
    await server.restart()
    client.type(`CONNECT ${alice}\r`)
    await client.until(/CONNECT OK\nc>$/)
    client.type(`SEND ${alice} to myself\r`)
    await client.until(new RegExp(`^MESSAGE \\d+ FROM ${alice} :\n {2}to myself\nEND$`, 'm'))
    await leave(client)
  },
)
