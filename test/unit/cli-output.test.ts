import { createOutput, type OutputStyle } from '../../src/cli/output.ts'
import { Fault } from '../../src/domain/fault.ts'

function written(style: Partial<OutputStyle> = {}) {
  const printed: string[] = []
  const hints: string[] = []
  const output = createOutput(
    { json: false, raw: false, color: false, ...style },
    {
      print: async (text) => void printed.push(text),
      hint: async (text) => void hints.push(text),
    },
  )
  return { output, printed, hints }
}

test('an incoming message has three lines, and its receipt one (wire-protocol 4)', async () => {
  const { output, printed } = written()
  await output.incoming({ kind: 'message', id: 1, sender: 'beastmaster64', text: 'offline message 1' })
  await output.incoming({ kind: 'receipt', id: 0 })
  expect(printed).toEqual([
    'MESSAGE 1 FROM beastmaster64 :\n  offline message 1\nEND',
    'SEND MESSAGE id 0 OK',
  ])
})

test('a failure is its words, and the hint goes elsewhere', async () => {
  const { output, printed, hints } = written()
  await output.failure({ command: 'SEND', words: 'SEND FAIL', code: 'not-connected', hint: 'CONNECT first' })
  expect([printed, hints]).toEqual([['SEND FAIL'], ['CONNECT first']])
})

test('what a peer sent is harmless: name, text and reason', async () => {
  const { output, printed, hints } = written()
  await output.incoming({ kind: 'message', id: 1, sender: 'b\x1bob', text: 'hi\nEND\x1b[2J' })
  await output.failure({ command: 'SEND', words: 'SEND FAIL', code: 'unavailable', hint: 'because\x1b[2J' })
  expect(printed[0]).toBe('MESSAGE 1 FROM b\\x1bob :\n  hi\\nEND\\x1b[2J\nEND')
  expect(hints[0]).toBe('because\\x1b[2J')
})

test('how many wait is a line for people, and nothing where none do', async () => {
  const { output, printed, hints } = written()
  for (const waiting of [undefined, 0, 1, 3]) {
    await output.reply({ command: 'CONNECT', words: 'CONNECT OK', waiting })
  }
  expect(printed).toEqual(Array(4).fill('CONNECT OK'))
  expect(hints).toEqual(['1 message waiting', '3 messages waiting'])
})

test('what becomes of the connection is one line, and what the reply to CONNECT says is none', async () => {
  const changes = [
    { state: 'connecting' },
    { state: 'online', waiting: 2 },
    { state: 'lost', reason: new Error('cut\x1b[2J') },
    { state: 'back', waiting: 0 },
    { state: 'back', waiting: 2 },
    { state: 'ended', reason: new Fault('already-connected', 'taken over') },
  ] as const
  const words = written()
  for (const change of changes) await words.output.state(change)
  expect([words.printed, words.hints]).toEqual([
    [],
    [
      'the server is away and looked for; what you send waits (cut\\x1b[2J)',
      'the server is back',
      'the server is back, 2 messages waiting',
      'you are not connected any more: taken over',
    ],
  ])
  const json = written({ json: true })
  for (const change of changes) await json.output.state(change)
  expect(json.printed.map((line) => JSON.parse(line))).toEqual([
    { type: 'state', state: 'lost', text: expect.any(String) },
    { type: 'state', state: 'back', waiting: 0, text: expect.any(String) },
    { type: 'state', state: 'back', waiting: 2, text: expect.any(String) },
    { type: 'state', state: 'ended', text: expect.any(String) },
  ])
})

test('the names of users are harmless, one a line', async () => {
  const users = [
    { name: 'b\x1bob', online: true },
    { name: 'carol', online: false },
  ]
  const { output, printed } = written()
  await output.reply({ command: 'USERS', words: 'b\x1bob online\ncarol offline', users })
  expect(printed).toEqual(['b\\x1bob online\ncarol offline'])
})

test('--raw shows it as it is', async () => {
  const { output, printed } = written({ raw: true })
  await output.incoming({ kind: 'message', id: 1, sender: 'bob', text: '\x1b[2J' })
  expect(printed[0]).toBe('MESSAGE 1 FROM bob :\n  \x1b[2J\nEND')
})

test('colour changes nothing but colour', async () => {
  const plain = written()
  const colored = written({ color: true })
  for (const { output } of [plain, colored]) {
    await output.incoming({ kind: 'message', id: 1, sender: 'bob', text: 'hi' })
    await output.failure({ command: 'SEND', words: 'SEND FAIL', code: 'failed', hint: 'why' })
  }
  const text = [...colored.printed, ...colored.hints].join('\n')
  expect(text).toContain('\x1b[')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with ESC
  expect(text.replaceAll(/\x1b\[\d+m/g, '')).toBe([...plain.printed, ...plain.hints].join('\n'))
})

test('--json is one object a line, and everything is on standard output', async () => {
  const { output, printed, hints } = written({ json: true })
  await output.reply({ command: 'SEND', words: 'SEND OK - MESSAGE id 7', id: 7 })
  await output.incoming({ kind: 'message', id: 1, sender: 'bob', text: 'a\nb\u202e' })
  await output.incoming({ kind: 'receipt', id: 7 })
  await output.failure({
    command: 'SEND',
    words: 'SEND FAIL',
    code: 'cannot-connect',
    hint: 'cannot reach it',
    address: 'localhost:8081',
  })
  await output.help(['one', 'two'])
  expect(printed.every((line) => !/[\n\u202e]/.test(line))).toBe(true)
  expect(printed.map((line) => JSON.parse(line))).toEqual([
    { type: 'reply', command: 'SEND', id: 7, text: 'SEND OK - MESSAGE id 7' },
    { type: 'message', id: 1, sender: 'bob', text: 'a\nb\u202e' },
    { type: 'receipt', id: 7 },
    {
      type: 'error',
      command: 'SEND',
      code: 'cannot-connect',
      hint: 'cannot reach it',
      address: 'localhost:8081',
      text: 'SEND FAIL',
    },
    { type: 'help', lines: ['one', 'two'] },
  ])
  expect(hints).toEqual([])
})
