import { COMMANDS, parseLine, usage } from '../../src/cli/commands.ts'

const fieldsOf = (line: string) => {
  const parsed = parseLine(line)
  return parsed.kind === 'command' ? [parsed.command.name, ...parsed.fields] : parsed
}

test('commands are case-insensitive, and blanks around words do not matter', () => {
  for (const line of ['REGISTER bob', 'register bob', '  ReGiStEr \t bob  ']) {
    expect(fieldsOf(line)).toEqual(['REGISTER', 'bob'])
  }
})

test('a message keeps every blank after the one that separates it from the name', () => {
  expect(fieldsOf('send bob hi,   wanna hear   a joke?')).toEqual([
    'SEND',
    'bob',
    'hi,   wanna hear   a joke?',
  ])
  expect(fieldsOf('SEND bob   two before, one after ')).toEqual(['SEND', 'bob', '  two before, one after '])
  expect(fieldsOf('SEND   bob \ttab')).toEqual(['SEND', 'bob', '\ttab'])
})

test('a blank line says nothing', () => {
  for (const line of ['', '   ', '\t']) expect(parseLine(line)).toEqual({ kind: 'blank' })
})

test.each([
  ['REGISTER', 'Syntax error. Usage: REGISTER <userName>'],
  ['register a b', 'Syntax error. Usage: REGISTER <userName>'],
  ['UNREGISTER', 'Syntax error. Usage: UNREGISTER <userName>'],
  ['CONNECT a b', 'Syntax error. Usage: CONNECT <userName>'],
  ['disconnect', 'Syntax error. Usage: DISCONNECT <userName>'],
  ['SEND', 'Syntax error. Usage: SEND <userName> <message>'],
  ['SEND bob', 'Syntax error. Usage: SEND <userName> <message>'],
  ['SEND bob ', 'Syntax error. Usage: SEND <userName> <message>'],
  ['QUIT now', 'Syntax error. Use: QUIT'],
  ['foo', 'Error: command FOO not valid.'],
  ['FOO bar', 'Error: command FOO not valid.'],
])('%s is answered in the words of wire-protocol 4: %s', (line, words) => {
  expect(parseLine(line)).toMatchObject({ kind: 'mistake', words })
})

test('HELP names every command as it is typed', async () => {
  const help = COMMANDS.find(({ name }) => name === 'HELP')
  const client = undefined as never // HELP asks nobody
  const result = await help?.run({ client, trim: async (text) => text }, [])
  const lines = result !== undefined && 'help' in result ? result.help.join('\n') : ''
  for (const command of COMMANDS) expect(lines).toContain(usage(command))
})
