import fc from 'fast-check'
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

describe('a long text', () => {
  const words = fc.array(
    fc.oneof(
      fc.constantFrom(
        ' ',
        '  ',
        '\t',
        '\n',
        '\r\n',
        '\x1c',
        '\x85',
        '\u00a0',
        '\u1680',
        '\u2003',
        '\u3000',
        '\ufeff',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
  )

  test('is done as a short one is, whatever its characters', () => {
    fc.assert(
      fc.property(words, fc.constantFrom('', 'é', '日'), (pieces, more) => {
        const short = pieces.join('').slice(0, 900)
        // What is added has no white space, and makes it long.
        const added = `x${more}`.repeat(600)
        expect(removeSpaces(added + short)).toBe(added + removeSpaces(`x${short}`).slice(1))
        expect(collapseRuns(added + short)).toBe(added + collapseRuns(short))
      }),
    )
  })

  test.each([' ', '\u3000', '\t \n'])('of nothing but %j becomes nothing', (white) => {
    expect(removeSpaces(white.repeat(2000))).toBe('')
    expect(collapseRuns(white.repeat(2000))).toBe(' ')
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
