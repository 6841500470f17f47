import { collapseRuns, removeSpaces } from '../../src/port-types/text.ts'

/** Unicode's property White_Space, from the engine's own tables. */
const UNICODE_WHITE = /\p{White_Space}/u

describe('remove_spaces', () => {
  test.each([
    ['', ''],
    [' ', ''],
    ['   ', ''],
    ['a', 'a'],
    ['  two \t\r\n words  ', 'two words'],
    ['\u00a0no\u2003break\u3000', 'no break'],
    ['zero\u200bwidth\ufeff', 'zero\u200bwidth\ufeff'],
    ['a\u0085b', 'a b'],
  ])('makes %j into %j', (text, expected) => {
    expect(removeSpaces(text)).toBe(expected)
  })

  test('takes for white space just what Unicode does', () => {
    for (let code = 0; code <= 0xffff; code++) {
      const character = String.fromCharCode(code)
      const expected = UNICODE_WHITE.test(character) ? 'a b' : `a${character}b`
      if (removeSpaces(`a${character}b`) !== expected) throw new Error(`U+${code.toString(16)}`)
    }
  })
})

describe('remove, the original', () => {
  test.each([
    ['', ''],
    [' ', ' '],
    ['  ', ' '],
    ['\ta\n', '\ta\n'],
    ['\t\na\t\tb\n ', ' a b '],
    ['a\x1c\x1fb', 'a b'],
    ['a\ufeff\ufeffb', 'a\ufeff\ufeffb'],
    ['a\u0085\u00a0b', 'a b'],
  ])('makes %j into %j', (text, expected) => {
    expect(collapseRuns(text)).toBe(expected)
  })
})
