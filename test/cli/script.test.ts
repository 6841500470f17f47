import { once } from 'node:events'
import { constants } from 'node:os'
import { createUsers, openPipedClient, PROTOCOLS, runScript } from '../support/command-line.ts'
import { openLegacyStandIn } from '../support/legacy-stand-in.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'

let server: RestartableServer

beforeAll(async () => {
  server = await startRestartableServer()
})
afterAll(() => server.close())

describe.each(PROTOCOLS)('over the %s protocol', (name, protocol) => {
  const at = () => ['-p', String(server.port), '--wsdl', server.wsdl, ...protocol]

  /** Names that no other test uses, registered. */
  const newUsers = createUsers([`${name}-alice-`, `${name}-bob-`], at)

  test('commands run in order, replies are plain lines, and the exit code is 0', async () => {
    const lines = [
      'REGISTER boogie33',
      '',
      'connect boogie33',
      'DISCONNECT boogie33',
      'UNREGISTER boogie33',
      'QUIT',
    ]
    expect(await runScript(lines, ...at())).toEqual({
      code: 0,
      out: ['REGISTER OK', 'CONNECT OK', 'DISCONNECT OK', 'UNREGISTER OK', '+++ FINISHED +++'],
      hints: [],
    })
  })

  test('a message arrives trimmed and its receipt comes back; with --no-trim it arrives as typed', async () => {
    const [alice, bob] = await newUsers()
    const receiver = openPipedClient(...at())
    receiver.type(`CONNECT ${bob}`)
    await receiver.until(/CONNECT OK/)
    for (const [flags, arrives] of [
      [[], 'hi, wanna hear a joke?'],
      [['--no-trim'], ' hi,   wanna hear   a joke? '],
    ] as const) {
      const sender = openPipedClient(...at(), ...flags)
      sender.type(`CONNECT ${alice}`, `SEND ${bob}  hi,   wanna hear   a joke? `)
      await sender.until(/^SEND OK - MESSAGE id (\d+)\nSEND MESSAGE id \1 OK$/m)
      expect((await sender.end()).code).toBe(0)
      await receiver.until(
        new RegExp(`^MESSAGE \\d+ FROM ${alice} :\n {2}${arrives.replaceAll('?', '\\?')}\nEND`, 'm'),
      )
    }
    expect((await receiver.end()).code).toBe(0)
  })

  test('messages wait for who is away, and so do their receipts, in order', async () => {
    const [alice, bob] = await newUsers()
    const sent = await runScript(
      [`CONNECT ${alice}`, ...[1, 2, 3].map((n) => `SEND ${bob} message ${n}`)],
      ...at(),
    )
    const ids = sent.out.flatMap((line) => /id (\d+)/.exec(line)?.[1] ?? [])
    const receiver = openPipedClient(...at())
    receiver.type(`CONNECT ${bob}`)
    await receiver.until(/message 3\nEND/)
    expect((await receiver.end()).out).toEqual([
      'CONNECT OK',
      ...ids.flatMap((id, at) => [`MESSAGE ${id} FROM ${alice} :`, `  message ${at + 1}`, 'END']),
    ])
    const sender = openPipedClient(...at())
    sender.type(`CONNECT ${alice}`)
    await sender.until(new RegExp(ids.map((id) => `SEND MESSAGE id ${id} OK`).join('\n')))
    await sender.end()
  })

  // The session protocol's DISCONNECT names nobody, so there whoever is not connected here is just that.
  test('DISCONNECT of somebody else, or of nobody, is refused in the words of wire-protocol 4', async () => {
    const [alice] = await newUsers()
    const { code, out } = await runScript(
      [`DISCONNECT ${alice}`, 'DISCONNECT nobody', 'SEND nobody hi'],
      ...at(),
    )
    const nobody = name === 'legacy' ? 'USER DOES NOT EXIST' : 'USER NOT CONNECTED'
    expect([code, ...out]).toEqual([
      1,
      'DISCONNECT FAIL / USER NOT CONNECTED',
      `DISCONNECT FAIL / ${nobody}`,
      'SEND FAIL',
    ])
  })

  test('leaving disconnects, so that the next run may connect', async () => {
    const [alice] = await newUsers()
    for (let run = 0; run < 2; run += 1) {
      expect((await runScript([`CONNECT ${alice}`], ...at())).out).toEqual(['CONNECT OK'])
    }
  })

  describe('the exit code tells', () => {
    test('1: refused, and later lines still run', async () => {
      const [alice] = await newUsers()
      const { code, out, hints } = await runScript(
        [`REGISTER ${alice}`, 'SEND bob hi', 'FOO', 'HELP'],
        ...at(),
      )
      expect(code).toBe(1)
      expect(out.slice(0, 3)).toEqual(['USERNAME IN USE', 'SEND FAIL', 'Error: command FOO not valid.'])
      expect(out.join('\n')).toContain('SEND <userName> <message>')
      expect(hints).toEqual(['nobody is connected here: CONNECT <userName> first'])
    })

    test('2: not a command, if that came first', async () => {
      const { code, out } = await runScript(['REGISTER', 'UNREGISTER nobody'], ...at())
      expect([code, ...out]).toEqual([2, 'Syntax error. Usage: REGISTER <userName>', 'USER DOES NOT EXIST'])
    })

    test('3: no server at the address, said in one line', async () => {
      const gone = await openLegacyStandIn(() => undefined)
      await gone.close()
      expect(await runScript(['REGISTER alice'], '-p', String(gone.port), ...protocol)).toEqual({
        code: 3,
        out: ['REGISTER FAIL'],
        hints: [
          expect.stringMatching(
            `^cannot reach localhost:${gone.port} \\(connection refused\\): start the server, or name another`,
          ),
        ],
      })
    })

    test('4: no answer in time', async () => {
      const silent = await openLegacyStandIn(() => undefined)
      const { code, out, hints } = await runScript(
        ['REGISTER alice'],
        '-p',
        String(silent.port),
        '--timeout',
        '1',
        ...protocol,
      )
      await silent.close()
      expect([code, ...out]).toEqual([4, 'REGISTER FAIL'])
      expect(hints).toHaveLength(1)
    })

    test('143: SIGTERM, and the user is disconnected first', async () => {
      const [alice] = await newUsers()
      const client = openPipedClient(...at())
      client.type(`CONNECT ${alice}`)
      await client.until(/CONNECT OK/)
      client.child.kill('SIGTERM')
      await once(client.child, 'exit')
      expect(client.child.exitCode).toBe(128 + constants.signals.SIGTERM)
      expect((await runScript([`CONNECT ${alice}`], ...at())).out).toEqual(['CONNECT OK'])
    })
  })

  test('without the text service a message is not sent, and the line says which address failed and what to do', async () => {
    const [alice] = await newUsers()
    const gone = await openLegacyStandIn(() => undefined)
    await gone.close()
    const wsdl = `http://localhost:${gone.port}/?wsdl`
    const lines = [`CONNECT ${alice}`, `SEND ${alice} hi`]
    const { code, out, hints } = await runScript(
      lines,
      '-p',
      String(server.port),
      '--wsdl',
      wsdl,
      ...protocol,
    )
    expect([code, ...out]).toEqual([3, 'CONNECT OK', 'SEND FAIL'])
    expect(hints).toHaveLength(1)
    expect(hints[0]).toMatch(/connection refused.*the message was not sent.*--no-trim/)
    expect(hints[0]).toContain(wsdl)
  })

  test('a message of nothing but blanks is refused', async () => {
    const [alice] = await newUsers()
    const { code, out } = await runScript([`CONNECT ${alice}`, `SEND ${alice}   \t `], ...at())
    expect([code, ...out]).toEqual([1, 'CONNECT OK', 'SEND FAIL'])
  })

  test('--json prints one object a line, all on standard output', async () => {
    const [alice] = await newUsers()
    const client = openPipedClient(...at(), '--json')
    client.type(`CONNECT ${alice}`, `SEND ${alice} hi  there`, 'SEND nobody hi', 'FOO')
    await client.until(/"receipt"/)
    await client.until(/"usage"/)
    client.type('QUIT')
    const { code, out, hints } = await client.end()
    const objects = out.map((line) => JSON.parse(line))
    const { id } = objects.find(({ command }) => command === 'SEND')
    expect(objects).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'reply', command: 'CONNECT', text: 'CONNECT OK' }),
        { type: 'reply', command: 'SEND', id, text: `SEND OK - MESSAGE id ${id}` },
        expect.objectContaining({ type: 'message', id, sender: alice, text: 'hi there' }),
        expect.objectContaining({ type: 'receipt', id }),
        { type: 'error', command: 'SEND', code: 'no-such-user', text: 'SEND FAIL / USER DOES NOT EXIST' },
        { type: 'error', command: 'FOO', code: 'usage', text: 'Error: command FOO not valid.' },
        { type: 'reply', command: 'QUIT', text: '+++ FINISHED +++' },
      ]),
    )
    expect([code, objects.length, hints]).toEqual([1, 7, []])
  })

  test('--raw shows a text as it is, since the output is no terminal', async () => {
    const [alice] = await newUsers()
    for (const [flags, shown] of [
      [[], '\\x1b[1mbold\\x1b[m'],
      [['--raw'], '\x1b[1mbold\x1b[m'],
    ] as const) {
      const client = openPipedClient(...at(), '--no-trim', ...flags)
      client.type(`CONNECT ${alice}`, `SEND ${alice} \x1b[1mbold\x1b[m`)
      await client.until(/^END$/m)
      expect((await client.end()).out).toContain(`  ${shown}`)
    }
  })

  test('only a newline ends a line: what follows a U+2028 or a CR in a message is no command', async () => {
    const [alice] = await newUsers()
    const client = openPipedClient(...at(), '--no-trim')
    client.type(`CONNECT ${alice}\r`, `SEND ${alice} one\u2028UNREGISTER ${alice}\rQUIT`)
    await client.until(/^END$/m)
    const { code, out } = await client.end()
    expect(code).toBe(0)
    expect(out).toContain(`  one\\u2028UNREGISTER ${alice}\\rQUIT`)
  })

  test('when nobody reads its output any more it leaves, without a word', async () => {
    const [alice] = await newUsers()
    const client = openPipedClient(...at())
    client.type(`CONNECT ${alice}`)
    await client.until(/CONNECT OK/)
    client.child.stdout.destroy()
    client.type('HELP', 'HELP', 'HELP')
    await once(client.child, 'exit')
    expect((await client.end()).hints).toEqual([])
    expect((await runScript([`CONNECT ${alice}`], ...at())).out).toEqual(['CONNECT OK'])
  })
})
