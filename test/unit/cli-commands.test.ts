import { parseLine } from '../../src/cli/command-line.ts'
import { COMMANDS, usage } from '../../src/cli/commands.ts'

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

test('an option stands behind the name, and is no part of the usage that wire-protocol 4 shows', () => {
  expect(parseLine('CONNECT bob --takeover')).toMatchObject({ fields: ['bob'], option: true })
  expect(parseLine('register bob --password')).toMatchObject({ fields: ['bob'], option: true })
  expect(parseLine('CONNECT bob')).toMatchObject({ fields: ['bob'], option: false })
  expect(parseLine('CONNECT --takeover')).toMatchObject({ fields: ['--takeover'], option: false })
  expect(parseLine('CONNECT bob --password')).toMatchObject({ kind: 'mistake' })
  expect(parseLine('REGISTER bob --password=secret')).toMatchObject({ kind: 'mistake' })
  expect(parseLine('SEND bob --takeover')).toMatchObject({ fields: ['bob', '--takeover'], option: false })
})

test('the name of a file may stand in quotation marks, and the message behind it may be left out', () => {
  expect(fieldsOf('sendattach bob a.txt  hi  there')).toEqual(['SENDATTACH', 'bob', 'a.txt', ' hi  there'])
  expect(fieldsOf('SENDATTACH bob "my file.txt" hi')).toEqual(['SENDATTACH', 'bob', 'my file.txt', 'hi'])
  expect(fieldsOf('SENDATTACH bob "my file.txt"')).toEqual(['SENDATTACH', 'bob', 'my file.txt'])
  expect(fieldsOf('SENDATTACH bob a.txt ')).toEqual(['SENDATTACH', 'bob', 'a.txt'])
  expect(fieldsOf('SENDATTACH bob a"b')).toEqual(['SENDATTACH', 'bob', 'a"b'])
  for (const line of ['SENDATTACH', 'SENDATTACH bob', 'SENDATTACH bob ']) {
    const words = 'Syntax error. Usage: SENDATTACH <userName> <fileName> [message]'
    expect(parseLine(line)).toMatchObject({ kind: 'mistake', words })
  }
})

test('a prefix may be left out', () => {
  expect(fieldsOf('users')).toEqual(['USERS'])
  expect(fieldsOf('users b')).toEqual(['USERS', 'b'])
  expect(parseLine('USERS a b')).toMatchObject({ words: 'Syntax error. Usage: USERS [prefix]' })
})

test('HELP names every command as it is typed, and fits a terminal of 80 columns', async () => {
  const help = COMMANDS.find(({ name }) => name === 'HELP')
  const nobody = undefined as never // HELP asks nobody
  const result = await help?.run(nobody, { fields: [], option: false })
  const lines = result !== undefined && 'help' in result ? result.help.join('\n') : ''
  for (const command of COMMANDS) {
    expect(lines).toContain(usage(command))
    expect(lines).toContain(command.option ?? '')
  }
  expect(lines.split('\n').filter((line) => line.length > 80)).toEqual([])
})
