import fc from 'fast-check'
import { fromByteString, toByteString } from '../../src/domain/byte-string.ts'
import { Fault } from '../../src/domain/fault.ts'
import { parseUserName } from '../../src/domain/user-name.ts'

describe('a byte string', () => {
  test('has one code unit for each byte of UTF-8, and comes back as it was', () => {
    expect(toByteString('aé日👍')).toBe('a\xc3\xa9\xe6\x97\xa5\xf0\x9f\x91\x8d')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const encoded = toByteString(text)
        expect(encoded).toHaveLength(Buffer.byteLength(text))
        expect(fromByteString(encoded)).toBe(text)
      }),
    )
  })

  test('has U+FFFD for half a surrogate pair, as the Encoding Standard says', () => {
    expect(fromByteString(toByteString('a\ud800b'))).toBe('a\ufffdb')
  })
})

describe('a user name', () => {
  test.each([
    'a',
    'beastmaster64',
    'zoë',
    '名前',
    'x'.repeat(64),
    'é'.repeat(32),
    'a.b-c_d@e',
    '👍',
    "o'hara\\",
    '..',
    '%00',
  ])('can be %s', (name) => {
    expect(parseUserName(toByteString(name))).toBe(toByteString(name))
  })

  test.each([
    ['nothing', '', 'must not be empty'],
    ['65 bytes', 'x'.repeat(65), 'at most 64 bytes'],
    ['33 letters of two bytes', 'é'.repeat(33), 'at most 64 bytes'],
    ['a space', 'a b', 'no white space'],
    ['a no-break space', 'a\u00a0b', 'no white space'],
    ['a line separator', 'a\u2028b', 'no white space'],
    ['a byte order mark', '\ufeffa', 'no white space'],
    ['a NUL', 'a\0', 'no white space, control'],
    ['an escape', '\u001b[2J', 'no white space, control'],
    ['a DEL', 'a\u007f', 'no white space, control'],
    ['a C1 control', 'a\u009b', 'no white space, control'],
    ['a direction override', 'a\u202eb', 'bidi'],
    ['a direction mark', 'a\u200fb', 'bidi'],
    ['a direction isolate', 'a\u2066b', 'bidi'],
    ['a letter in two parts', 'e\u0301', 'NFC'],
    ['a sign that stands for a letter', '\u212b', 'NFC'],
  ])('cannot have %s', (_what, name, why) => {
    expect(() => parseUserName(toByteString(name))).toThrow(Fault)
    expect(() => parseUserName(toByteString(name))).toThrow(why)
  })
})

describe('a fault', () => {
  test('is made from anything that is thrown, and never tells what it was', () => {
    const fault = new Fault('no-such-user', 'there is no such user')
    expect(Fault.from(fault)).toBe(fault)
    for (const thrown of [new Error('secret'), 'secret', undefined, { code: 'no-such-user' }]) {
      expect(Fault.from(thrown)).toMatchObject({
        code: 'unavailable',
        message: 'the server could not do this',
      })
    }
  })
})
