import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openPipedClient, type PipedClient, runScript, talkTo } from '../support/command-line.ts'
import { describeWith } from '../support/describe-with.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'

const ORIGINAL_CLIENT = fileURLToPath(new URL('original-client.py', import.meta.url))
const ORIGINAL_SERVER = fileURLToPath(new URL('original-server.py', import.meta.url))

describeWith('python3-zeep')('the original client', () => {
  let server: RestartableServer
  const open: PipedClient[] = []

  beforeAll(async () => {
    server = await startRestartableServer()
  })
  afterAll(() => server?.close())
  afterEach(() => {
    for (const client of open.splice(0)) client.child.kill()
  })

  const ours = () => ['-p', String(server.port), '--wsdl', server.wsdl, '--legacy']
  const address = () => ['-s', 'localhost', '-p', String(server.port), '--soap', server.wsdl]

  function openOriginal(): PipedClient {
    const client = talkTo(spawn('/usr/bin/python3', [ORIGINAL_CLIENT, ...address()]))
    open.push(client)
    return client
  }

  async function say(client: PipedClient, line: string, reply: RegExp): Promise<void> {
    client.type(line)
    await client.until(reply)
  }

  test('two of them talk through our server: messages one way and the other, with receipts', async () => {
    const [boogie, beast] = [openOriginal(), openOriginal()]
    await say(boogie, 'REGISTER boogie33', /REGISTER OK/)
    await say(boogie, 'REGISTER boogie33', /USERNAME IN USE/)
    await say(beast, 'REGISTER beastmaster64', /REGISTER OK/)
    await say(boogie, 'CONNECT boogie33', /CONNECT OK/)
    await say(beast, 'CONNECT beastmaster64', /CONNECT OK/)
    await say(boogie, 'SEND beastmaster64 hi,   wanna hear   a joke?', /SEND OK - MESSAGE id 0/)
    await beast.until(/MESSAGE 0 FROM boogie33 :\n {2}hi, wanna hear a joke\?\nEND/)
    await boogie.until(/SEND MESSAGE id 0 OK/)
    await say(beast, 'SEND boogie33 no', /SEND OK - MESSAGE id 1/)
    await boogie.until(/MESSAGE 1 FROM beastmaster64 :\n {2}no\nEND/)
    await beast.until(/SEND MESSAGE id 1 OK/)
    await say(boogie, 'SEND nobody hi', /SEND FAIL \/ USER DOES NOT EXIST/)
    await say(boogie, 'DISCONNECT boogie33', /DISCONNECT OK/)
    await say(boogie, 'DISCONNECT boogie33', /DISCONNECT FAIL \/ USER NOT CONNECTED/)
    await say(boogie, 'SEND beastmaster64 hi', /^(?:c> )?SEND FAIL$/m)
    await say(boogie, 'UNREGISTER boogie33', /UNREGISTER OK/)
    await say(boogie, 'CONNECT boogie33', /CONNECT FAIL , USER DOES NOT EXIST/)
    await say(beast, 'DISCONNECT beastmaster64', /DISCONNECT OK/)
    await say(beast, 'QUIT', /\+\+\+ FINISHED \+\+\+/)
  })

  test('what waited reaches it, although it listens only after it has read the reply to CONNECT', async () => {
    const sent = await runScript(
      ['REGISTER alice', 'REGISTER bob', 'CONNECT alice', 'SEND bob one', 'SEND bob two', 'SEND bob three'],
      ...ours(),
    )
    expect(sent.code).toBe(0)
    const bob = openOriginal()
    await say(bob, 'CONNECT bob', /CONNECT OK/)
    await bob.until(
      / {2}one\nEND\nMESSAGE \d+ FROM alice :\n {2}two\nEND\nMESSAGE \d+ FROM alice :\n {2}three\nEND/,
    )
    const alice = openPipedClient(...ours())
    await say(alice, 'CONNECT alice', /(SEND MESSAGE id \d+ OK\n?){3}/)
    await alice.end()
  })

  test('its mistyped commands, which open connections that stay silent, disturb nobody', async () => {
    const client = openOriginal()
    for (let time = 1; time <= 20; time += 1) client.type('FOO')
    await client.until(/(.*Error: command FOO not valid\.\n?){20}/)
    await say(client, 'REGISTER carol', /REGISTER OK/)
    expect((await runScript(['UNREGISTER carol'], ...ours())).code).toBe(0)
  })
})

describeWith('python3')('the original server', () => {
  test('our client talks through it: what waited, both directions, receipts, and a text it cut', async () => {
    const original = spawn('python3', [ORIGINAL_SERVER, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [line] = await once(createInterface({ input: original.stdout }), 'line')
      const at = ['-p', String(line.split(':')[1]), '--no-trim', '--legacy']
      const [alice, bob] = [openPipedClient(...at), openPipedClient(...at)]
      alice.type(
        'REGISTER alice',
        'REGISTER alice',
        'REGISTER bob',
        'CONNECT alice',
        'SEND bob hi,   early bird',
      )
      await alice.until(/REGISTER OK\nUSERNAME IN USE\nREGISTER OK\nCONNECT OK\nSEND OK - MESSAGE id 0/)
      bob.type('CONNECT bob')
      await bob.until(/CONNECT OK\nMESSAGE 0 FROM alice :\n {2}hi, {3}early bird\nEND/)
      await alice.until(/SEND MESSAGE id 0 OK/)
      bob.type('SEND alice back', `SEND alice ${'x'.repeat(254)}é and more`, 'SEND nobody hi')
      await bob.until(/SEND MESSAGE id 2 OK/)
      await bob.until(/SEND FAIL \/ USER DOES NOT EXIST/)
      await alice.until(/MESSAGE 1 FROM bob :\n {2}back\nEND\nMESSAGE 2 FROM bob :\n {2}x{254}\ufffd\nEND/)
      bob.type('DISCONNECT bob', 'DISCONNECT bob', 'QUIT')
      expect((await bob.end()).out.slice(-3)).toEqual([
        'DISCONNECT OK',
        'DISCONNECT FAIL / USER NOT CONNECTED',
        '+++ FINISHED +++',
      ])
      expect((await alice.end()).code).toBe(1) // USERNAME IN USE
      expect((await runScript(['CONNECT alice', 'UNREGISTER alice'], ...at)).out).toEqual([
        'CONNECT OK',
        'UNREGISTER OK',
      ])
    } finally {
      original.kill()
    }
  })
})
