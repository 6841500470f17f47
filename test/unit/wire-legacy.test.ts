import { type ByteString, fromByteString, toByteString } from '../../src/domain/byte-string.ts'
import {
  createLegacyDecoder,
  encodeLegacyFrame,
  encodeLegacyReply,
  LEGACY_OPERATIONS,
  LEGACY_PUSHES,
  type LegacyDecoding,
  type LegacyOperation,
  legacyText,
} from '../../src/wire/legacy.ts'

const MAX_FIELD = 20

/** What is decoded from bytes: `OP field field`, the reason of a refusal, or `…` while more is wanted. */
function inWords(decoding: LegacyDecoding<string>): string {
  if (decoding.state === 'incomplete') return '…'
  if (decoding.state === 'refused') return `${decoding.why} ${decoding.operation ?? ''}`.trim()
  return [decoding.frame.operation, ...decoding.frame.fields.map(fromByteString)].join('|')
}

/** Decodes chunks one after the other until there is an outcome. */
function decode(...chunks: readonly Uint8Array[]): string {
  const decoder = createLegacyDecoder(LEGACY_OPERATIONS, MAX_FIELD)
  for (const chunk of chunks) {
    const decoding = decoder.decode(chunk)
    if (decoding.state !== 'incomplete') return inWords(decoding)
  }
  return '…'
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Each fixture is fed whole, split at every point, and byte by byte; the outcome is the same. */
const FIXTURES: readonly [what: string, request: Buffer, outcome: string][] = [
  ['a REGISTER', bytes('REGISTER\0romeo\0'), 'REGISTER|romeo'],
  ['an UNREGISTER', bytes('UNREGISTER\0romeo\0'), 'UNREGISTER|romeo'],
  ['a CONNECT', bytes('CONNECT\0romeo\x004711\0'), 'CONNECT|romeo|4711'],
  ['a DISCONNECT', bytes('DISCONNECT\0romeo\0'), 'DISCONNECT|romeo'],
  ['a SEND', bytes('SEND\0romeo\0juliet\0hi,   there\0'), 'SEND|romeo|juliet|hi,   there'],
  ['newlines as ends', bytes('SEND\nromeo\njuliet\nhi\n'), 'SEND|romeo|juliet|hi'],
  ['ends of both kinds', bytes('SEND\0romeo\njuliet\0hi\n'), 'SEND|romeo|juliet|hi'],
  ['a carriage return, which is text', bytes('SEND\0a\0b\0hi\r\n'), 'SEND|a|b|hi\r'],
  ['empty fields', bytes('SEND\0\0\0\0'), 'SEND|||'],
  ['characters of several bytes', Buffer.from('SEND\0zoë\0日本\0👩‍🚀\0'), 'SEND|zoë|日本|👩‍🚀'],
  ['the longest field', bytes(`REGISTER\0${'x'.repeat(20)}\0`), `REGISTER|${'x'.repeat(20)}`],
  ['what follows the request', bytes('REGISTER\0romeo\0SEND\0'), 'REGISTER|romeo'],
  ['a field too long', bytes(`SEND\0a\0${'x'.repeat(21)}\0c\0`), 'too-large SEND'],
  ['a field too long that never ends', bytes(`SEND\0a\0b\0${'x'.repeat(30)}`), 'too-large SEND'],
  ['an operation too long', bytes('x'.repeat(30)), 'too-large'],
  ['an unknown operation', bytes('NONSENSE\0romeo\0'), 'unknown-operation'],
  ['an operation in small letters', bytes('register\0romeo\0'), 'unknown-operation'],
  ['an empty operation', bytes('\0'), 'unknown-operation'],
  ['a name that objects have', bytes('constructor\0x\0'), 'unknown-operation'],
  ['a field that is not UTF-8', bytes('REGISTER\0\xff\xfe\0'), 'not-utf8 REGISTER'],
  ['half a character', bytes('SEND\0a\0b\0\xc3\0'), 'not-utf8 SEND'],
  ['a surrogate in UTF-8', bytes('REGISTER\0\xed\xa0\x80\0'), 'not-utf8 REGISTER'],
  ['no bytes', bytes(''), '…'],
  ['a request without its end', bytes('SEND\0a\0b\0hi'), '…'],
]

describe('a request decoder', () => {
  test.each(FIXTURES)(
    'reads %s, whole, split at every point, and byte by byte',
    (_what, request, outcome) => {
      expect(decode(request)).toBe(outcome)
      for (let at = 1; at < request.length; at++) {
        expect([at, decode(request.subarray(0, at), request.subarray(at))]).toEqual([at, outcome])
      }
      expect(decode(...[...request].map((byte) => Buffer.of(byte)))).toBe(outcome)
      expect(decode(...[...request].flatMap((byte) => [Buffer.alloc(0), Buffer.of(byte)]))).toBe(outcome)
    },
  )

  test('may replace what is no character, for text of the original that was cut within one', () => {
    const decoder = createLegacyDecoder(LEGACY_PUSHES, MAX_FIELD, 'replace')
    expect(inWords(decoder.decode(bytes('SEND_MESSAGE\0a\x007\0caf\xc3\0')))).toBe(
      'SEND_MESSAGE|a|7|caf\ufffd',
    )
  })

  test.each(Object.entries(LEGACY_OPERATIONS))('reads every %s that the encoder writes', (operation, row) => {
    const fields = row.fields.map((name) => toByteString(`${name} é`))
    const frame = encodeLegacyFrame(operation as LegacyOperation, ...fields)
    expect(decode(frame)).toBe([operation, ...fields.map(fromByteString)].join('|'))
  })
})

describe('the encoder', () => {
  test('ends each field with NUL', () => {
    const fields = ['romeo', '7', 'déjà'].map(toByteString)
    expect(encodeLegacyFrame('SEND_MESSAGE', ...fields)).toEqual(
      Buffer.from('SEND_MESSAGE\0romeo\x007\0déjà\0'),
    )
    expect(encodeLegacyFrame('SEND_MESS_ACK', toByteString('7'))).toEqual(bytes('SEND_MESS_ACK\x007\0'))
  })

  test('writes a reply as one byte and, for an accepted SEND, the id', () => {
    expect(encodeLegacyReply(2)).toEqual(Buffer.of(2))
    expect(encodeLegacyReply(0, 0)).toEqual(bytes('\x000\0'))
    expect(encodeLegacyReply(0, 9_007_199_254_740_991)).toEqual(bytes('\x009007199254740991\0'))
  })

  test('shows a newline of another protocol as a space, and cuts nothing', () => {
    expect(legacyText('a\nb\r\nc\n' as ByteString)).toBe('a b c ')
    expect(legacyText('a\rb' as ByteString)).toBe('a\rb')
  })
})
