import { harmless, harmlessJson } from '../../src/domain/harmless.ts'

test.each([
  ['an escape sequence', '\x1b[2J\x1b]0;title\x07', '\\x1b[2J\\x1b]0;title\\x07'],
  ['a C1 control sequence', '\x9b31m', '\\x9b31m'],
  ['DEL and backspace', 'a\b\x7f', 'a\\x08\\x7f'],
  ['NUL', '\0', '\\x00'],
  ['white space that moves the cursor', 'a\tb\nc\rd', 'a\\tb\\nc\\rd'],
  ['bidi controls', '\u202eevil\u2066\u200f\u061c', '\\u202eevil\\u2066\\u200f\\u061c'],
  ['line and paragraph separators', '\u2028\u2029', '\\u2028\\u2029'],
  ['lone surrogates', 'a\ud800b\udc00', 'a\\ud800b\\udc00'],
])('%s becomes visible', (_what, text, shown) => {
  expect(harmless(text)).toBe(shown)
})

test('a message cannot fake its own END, nor another message', () => {
  expect(harmless('hi\nEND\nMESSAGE 2 FROM boss :')).not.toContain('\n')
})

test('ordinary text stays as it is, in every script', () => {
  const text = 'plain, ñ ß 漢字 עברית عربى 👩‍👩‍👧 e\u0301 \u00a0 \\x1b'
  expect(harmless(text)).toBe(text)
})

test('every control character is escaped, and nothing else of Latin-1', () => {
  for (let code = 0; code < 0x100; code += 1) {
    const char = String.fromCharCode(code)
    const control = code < 0x20 || (code >= 0x7f && code < 0xa0)
    expect(harmless(char) === char).toBe(!control)
  }
})

test('JSON is harmless too and still means the same', () => {
  const value = { text: '\x1b[2J\x9b\u202e\u2028\x7f\ud800 漢 "quoted" \\' }
  const line = harmlessJson(value)
  expect(line).toBe(harmless(line))
  expect(JSON.parse(line)).toEqual(value)
})
