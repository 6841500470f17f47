import { createOutput, type OutputStyle } from '../../src/cli/output.ts'

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
