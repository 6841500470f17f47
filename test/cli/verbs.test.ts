import { once } from 'node:events'
import { createUsers, openPiped, PROTOCOLS, runDms, runScript } from '../support/command-line.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'

let server: RestartableServer

beforeAll(async () => {
  server = await startRestartableServer()
})
afterAll(() => server.close())

const at = () => ['-p', String(server.port)]
const trimming = () => [...at(), '--wsdl', server.wsdl]

const users = new Map(
  PROTOCOLS.map(
    ([name, flags]) =>
      [name, createUsers([`alice-${name}-`, `bob-${name}-`], () => [...at(), ...flags])] as const,
  ),
)
/** Two names that no other test uses, registered. */
const newUsers = (protocol: (typeof PROTOCOLS)[number][0] = 'session') =>
  users.get(protocol)?.() as Promise<[string, string]>

const sent = expect.stringMatching(/^SEND OK - MESSAGE id \d+$/)
const texts = (out: readonly string[]) =>
  out.filter((line) => line.startsWith('  ')).map((line) => line.slice(2))

describe.each(PROTOCOLS)('over the %s protocol', (name, protocol) => {
  test('dms send sends one message, from its arguments or from standard input, and dms listen prints as many as it is told', async () => {
    const [alice, bob] = await newUsers(name)
    const as = ['--as', alice, ...protocol]
    expect((await runDms(['send', bob, 'hi,   there', ...as, ...trimming()])).out).toEqual([sent])
    const typed = await runDms(['send', bob, '-', '--no-trim', ...as, ...at()], { input: ' as  typed \n' })
    expect([typed.code, typed.out]).toEqual([0, [sent]])
    await runDms(['send', bob, '--no-trim', ...as, ...at()], { input: 'third' })
    const listen = ['listen', '--as', bob, '--count', '2', ...protocol, ...at()]
    const first = await runDms(listen)
    expect([first.code, texts(first.out)]).toEqual([0, ['hi, there', ' as  typed ']])
    const rest = await runDms(['listen', '--count', '1', ...protocol, ...at()], { env: { DMS_USER: bob } })
    expect(texts(rest.out)).toEqual(['third'])
    // The receipts show that all three were confirmed.
    const receipts = openPiped('listen', '--as', alice, ...protocol, ...at())
    await receipts.until(/(SEND MESSAGE id \d+ OK\n?){3}/)
    receipts.child.kill('SIGTERM')
    expect((await receipts.end()).code).toBe(143)
  })

  test('what waits for the sender still waits after dms send', async () => {
    const [alice, bob] = await newUsers(name)
    const flags = ['--no-trim', ...protocol, ...at()]
    await runDms(['send', alice, 'kept', '--as', bob, ...flags])
    expect((await runDms(['send', bob, 'back', '--as', alice, ...flags])).code).toBe(0)
    const { out } = await runDms(['listen', '--as', alice, '--count', '1', ...protocol, ...at()])
    expect(texts(out)).toEqual(['kept'])
  })
})

test('the exit code tells: 1 refused, 2 not understood, 3 no server', async () => {
  const [alice] = await newUsers()
  const flags = ['--no-trim', ...at()]
  const refused = await runDms(['send', 'nobody', 'hi', '--as', alice, ...flags])
  expect([refused.code, refused.out]).toEqual([1, ['SEND FAIL / USER DOES NOT EXIST']])
  const unknown = await runDms(['users', '--as', 'nobody', ...at()])
  expect([unknown.code, unknown.out]).toEqual([1, ['CONNECT FAIL , USER DOES NOT EXIST']])
  const binary = await openPiped('send', alice, '-', '--as', alice, ...flags)
  binary.child.stdin.write(Buffer.from([0xff]))
  expect(await binary.end()).toEqual({
    code: 1,
    out: ['SEND FAIL'],
    hints: ['standard input is not UTF-8'],
  })
  const nameless = await runDms(['send', alice, 'hi', ...at()])
  expect([nameless.code, ...nameless.hints]).toEqual([
    2,
    'error: say who you are with --as USER, or in the environment with DMS_USER',
  ])
  for (const flags of [
    ['--legacy', '--tls'],
    ['--ca', 'no-such-file'],
    ['--tls', '--ca', 'no-such-file'],
  ]) {
    const { code, hints } = await runDms(['users', '--as', alice, ...flags])
    expect([code, hints.length]).toEqual([2, 1])
  }
  const absent = await runDms(['send', alice, 'hi', '--as', alice, '--no-trim', '-p', '1'])
  expect([absent.code, absent.out]).toEqual([3, ['CONNECT FAIL']])
})

test('dms users shows who there is, with --json as an object', async () => {
  const [alice] = await newUsers()
  const { code, out } = await runDms(['users', alice, '--as', alice, ...at()])
  expect([code, out]).toEqual([0, [`${alice} offline`]])
  const json = await runDms(['users', alice, '--as', alice, '--json', ...at()])
  expect(JSON.parse(json.out[0] ?? '')).toMatchObject({ users: [{ name: alice, online: false }] })
})

test('dms listen prints what comes until a signal, over a server that is killed, and confirms what it printed', async () => {
  const [alice, bob] = await newUsers()
  const listener = openPiped('listen', '--as', bob, '--json', ...at())
  const send = ['send', bob, '--as', alice, '--no-trim', ...at()]
  await runDms([...send.slice(0, 2), 'one', ...send.slice(2)])
  await listener.until(/"message".*"one"/)
  await server.kill()
  await server.restart()
  await runDms([...send.slice(0, 2), 'two', ...send.slice(2)])
  await listener.until(/"message".*"two"/)
  listener.child.kill('SIGTERM')
  await once(listener.child, 'exit')
  const { code, out } = await listener.end()
  expect(code).toBe(143)
  expect(out.map((line) => JSON.parse(line)).map(({ type, text }) => [type, text ?? ''])).toEqual([
    ['message', 'one'],
    ['state', expect.stringContaining('away')],
    ['state', expect.stringContaining('back')],
    ['message', 'two'],
  ])
  // The receipts of both show that both were confirmed.
  const receipts = openPiped('listen', '--as', alice, ...at())
  await receipts.until(/SEND MESSAGE id \d+ OK\nSEND MESSAGE id \d+ OK/)
  receipts.child.kill('SIGKILL')
})

test('dms listen leaves without a word when nobody reads it any more, and what it could not print comes again', async () => {
  const [alice, bob] = await newUsers()
  const listener = openPiped('listen', '--as', bob, ...at())
  const send = (text: string) => runDms(['send', bob, text, '--as', alice, '--no-trim', ...at()])
  await send('read')
  await listener.until(/read\nEND/)
  listener.child.stdout.destroy()
  const left = once(listener.child, 'exit')
  await send('unread')
  await left
  expect((await listener.end()).hints).toEqual([])
  expect(texts((await runDms(['listen', '--as', bob, '--count', '1', ...at()])).out)).toEqual(['unread'])
})

test('while the prompt is open, a script sends as the same user and asks who is there; the receipt comes to the prompt', async () => {
  const [alice, bob] = await newUsers()
  const prompt = openPiped('client', ...trimming())
  prompt.child.stdin.write(`CONNECT ${alice}\n`)
  await prompt.until(/CONNECT OK/)
  const sending = await runDms(['send', bob, 'from  a script', '--as', alice, ...trimming()])
  expect([sending.code, sending.out]).toEqual([0, [sent]])
  const { out } = await runDms(['users', alice, '--as', alice, ...at()])
  expect(out).toEqual([`${alice} online`])
  const heard = await runDms(['listen', '--as', bob, '--count', '1', ...at()])
  expect(texts(heard.out)).toEqual(['from a script'])
  await prompt.until(/SEND MESSAGE id \d+ OK/)
  prompt.child.stdin.write('DISCONNECT\nQUIT\n')
  const { out: said, hints } = await prompt.end()
  expect(said.join('\n')).not.toMatch(/not connected any more/)
  expect(hints).toEqual([])
})

test('a user who is connected already cannot listen a second time; a session that is taken over ends dms listen with exit code 1', async () => {
  const [alice, bob] = await newUsers()
  const listener = openPiped('listen', '--as', alice, ...at())
  await runDms(['send', alice, 'hi', '--as', bob, '--no-trim', ...at()])
  await listener.until(/hi\nEND/)
  const refused = await runDms(['listen', '--as', alice, ...at()])
  expect([refused.code, refused.out]).toEqual([1, ['USER ALREADY CONNECTED']])
  const ended = once(listener.child, 'exit')
  await runScript([`CONNECT ${alice} --takeover`], ...at())
  await ended
  const { code, hints } = await listener.end()
  expect([code, hints]).toEqual([1, [expect.stringMatching(/connected elsewhere/)]])
})
