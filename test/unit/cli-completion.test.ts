import { createCompletion } from '../../src/cli/completion.ts'

test('the first word is a command, in whatever case it was begun', () => {
  const { complete } = createCompletion()
  expect(complete('reg')).toEqual([['REGISTER '], 'reg'])
  expect(complete('Q')).toEqual([['QUIT '], 'Q'])
  expect(complete('')[0]).toContain('SEND ')
  expect(complete('x')).toEqual([[], 'x'])
})

test('the second word is a name that came up, typed or as a sender', () => {
  const completion = createCompletion()
  completion.sawLine('register beastmaster64')
  completion.sawLine('SEND boogie33 hi')
  completion.sawLine('no command')
  completion.saw('bob')
  expect(completion.complete('CONNECT b')).toEqual([['beastmaster64', 'bob', 'boogie33'], 'b'])
  expect(completion.complete('send boo')).toEqual([['boogie33 '], 'boo'])
  expect(completion.complete('QUIT b')).toEqual([[], 'b'])
})

test('a message is not completed', () => {
  const completion = createCompletion()
  completion.saw('bob')
  expect(completion.complete('SEND bob b')).toEqual([[], 'b'])
})

test('the third word of SENDATTACH is a file that is there', () => {
  const { complete } = createCompletion()
  expect(complete('SENDATTACH bob pack')).toEqual([expect.arrayContaining(['package.json ']), 'pack'])
  expect(complete('sendattach bob src/c')).toEqual([
    expect.arrayContaining(['src/cli/', 'src/config.ts ']),
    'src/c',
  ])
  expect(complete('SENDATTACH bob no/such/folder/x')).toEqual([[], 'no/such/folder/x'])
  expect(complete('SENDATTACH bob package.json h')).toEqual([[], 'h'])
})

test('a name that could harm the terminal is not offered', () => {
  const completion = createCompletion()
  completion.saw('b\x1b[2J')
  completion.saw('b ob')
  expect(completion.complete('SEND b')).toEqual([[], 'b'])
})
