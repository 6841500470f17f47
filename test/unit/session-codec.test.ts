import { type ByteString, toByteString } from '../../src/domain/byte-string.ts'
import { FAULT_CODES } from '../../src/domain/fault.ts'
import type { Item } from '../../src/domain/message.ts'
import { parseUserName } from '../../src/domain/user-name.ts'
import {
  CLIENT_FRAMES,
  encodeFault,
  encodeFrame,
  encodeItems,
  encodeOk,
  type FieldCounts,
  SERVER_FRAMES,
  SESSION_NOTES,
  SESSION_REPLIES,
  SESSION_REQUESTS,
  type SessionBreach,
  SessionDecoder,
} from '../../src/wire/session.ts'

type Frame = readonly [operation: string, ...fields: string[]]

/** Decodes chunk after chunk, up to the first breach. */
function decode(
  counts: FieldCounts,
  chunks: readonly Uint8Array[],
  maxFrameBytes = 1000,
): { frames: Frame[]; breach: SessionBreach | undefined } {
  const frames: Frame[] = []
  const decoder = new SessionDecoder(counts, maxFrameBytes, (operation, fields) =>
    frames.push([operation, ...fields]),
  )
  for (const chunk of chunks) {
    const breach = decoder.decode(chunk)
    if (breach !== undefined) return { frames, breach }
  }
  return { frames, breach: undefined }
}

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const fromClient = (...texts: readonly string[]) => decode(CLIENT_FRAMES, texts.map(bytes))

/** A value for each field: characters of one to four bytes, a newline, which is an ordinary character, and nothing. */
const VALUES = ['a', 'é€', '😀', 'two\nlines', '', '  ', '9007199254740991']
const valuesFor = (count: number): ByteString[] =>
  Array.from({ length: count }, (_, at) => toByteString(VALUES[at % VALUES.length] as string))

const TABLES = [
  { side: 'client', counts: CLIENT_FRAMES },
  { side: 'server', counts: SERVER_FRAMES },
]
const ROWS = TABLES.flatMap(({ side, counts }) =>
  [...counts].map(([operation, count]) => ({ side, operation, count, counts })),
)

describe.each(ROWS)('a $operation of the $side', ({ operation, count, counts }) => {
  const frame: Frame = [operation, ...valuesFor(count)]
  const encoded = Buffer.from(encodeFrame(...frame), 'latin1')

  test('is read from one chunk', () => {
    expect(decode(counts, [encoded])).toEqual({ frames: [frame], breach: undefined })
  })

  test('is read from two chunks, wherever they part', () => {
    for (let at = 0; at <= encoded.length; at++) {
      const halves = [encoded.subarray(0, at), encoded.subarray(at)]
      expect(decode(counts, halves)).toEqual({ frames: [frame], breach: undefined })
    }
  })

  test('is read byte by byte, and not before its last', () => {
    const single = [...encoded].map((byte) => Buffer.of(byte))
    expect(decode(counts, single.slice(0, -1)).frames).toEqual([])
    expect(decode(counts, single)).toEqual({ frames: [frame], breach: undefined })
  })

  test('is read beside others in one chunk, whose end may be the beginning of the next', () => {
    const chunks = [Buffer.concat([encoded, encoded, encoded.subarray(0, 3)]), encoded.subarray(3)]
    expect(decode(counts, chunks)).toEqual({ frames: [frame, frame, frame], breach: undefined })
  })

  test('may have empty fields', () => {
    const empty: Frame = [operation, ...Array<string>(count).fill('')]
    expect(decode(counts, [Buffer.from(encodeFrame(...empty))])).toEqual({
      frames: [empty],
      breach: undefined,
    })
  })
})

describe('what cannot be decoded', () => {
  test('is an operation that the table does not have, empty, in small letters, or of the other side', () => {
    for (const word of ['HELLO', '', 'send', ' SEND', 'SEND_MESSAGE', 'toString', '__proto__']) {
      expect(fromClient(`PING\0a\0${word}\0b\0`)).toEqual({
        frames: [['PING', 'a']],
        breach: 'unknown operation',
      })
    }
  })

  test('is a frame beyond the limit, as soon as that is clear, and whether or not it is complete', () => {
    const limit = 'SEND\0r\0bob\0'.length + 10 + 1
    const send = (length: number) => `SEND\0r\0bob\0${'x'.repeat(length)}\0`
    expect(decode(CLIENT_FRAMES, [bytes(send(10))], limit).breach).toBeUndefined()
    expect(decode(CLIENT_FRAMES, [bytes(send(11))], limit).breach).toBe('frame too large')
    expect(decode(CLIENT_FRAMES, [bytes('x'.repeat(limit + 1))], limit).breach).toBe('frame too large')
    const trickling = [...bytes(send(11))].map((byte) => Buffer.of(byte))
    expect(decode(CLIENT_FRAMES, trickling.slice(0, limit), limit).breach).toBeUndefined()
    expect(decode(CLIENT_FRAMES, trickling, limit).breach).toBe('frame too large')
  })

  test('is not a chunk that holds many frames, each within the limit', () => {
    const many = bytes('PING\0a\0'.repeat(1000))
    expect(decode(CLIENT_FRAMES, [many], 10)).toMatchObject({ breach: undefined })
    expect(decode(CLIENT_FRAMES, [many], 10).frames).toHaveLength(1000)
  })

  const NOT_UTF8 = {
    'a byte that begins nothing': [0xff],
    'a byte that continues nothing': [0x80],
    'a character that is cut short': [0xe2, 0x82],
    'a character in more bytes than it takes': [0xc0, 0xaf],
    'half of a surrogate pair': [0xed, 0xa0, 0x80],
    'a character beyond the last': [0xf4, 0x90, 0x80, 0x80],
  }

  test.each(Object.entries(NOT_UTF8))('is %s, wherever the chunks part', (_what, wrong) => {
    const frame = Buffer.concat([bytes('SEND\0r\0bob\0€'), Buffer.from(wrong), bytes('\0')])
    for (let at = 0; at <= frame.length; at++) {
      const parts = [frame.subarray(0, at), frame.subarray(at)]
      expect(decode(CLIENT_FRAMES, parts)).toEqual({ frames: [], breach: 'not UTF-8' })
    }
  })
})

describe('the tables', () => {
  test('have a ref before the fields of every request, and none in what has no reply', () => {
    for (const [operation, { fields }] of Object.entries(SESSION_REQUESTS)) {
      expect(CLIENT_FRAMES.get(operation)).toBe(fields.length + 1)
    }
    for (const [operation, { fields }] of Object.entries(SESSION_NOTES)) {
      expect(CLIENT_FRAMES.get(operation)).toBe(fields.length)
    }
    for (const [operation, { fields }] of Object.entries(SESSION_REPLIES)) {
      expect(SERVER_FRAMES.get(operation)).toBe(fields.length)
    }
  })
})

describe('what a server says is read by a client as it was meant', () => {
  const ref = toByteString('réf')
  const read = (encoded: ByteString) => decode(SERVER_FRAMES, [Buffer.from(encoded, 'latin1')]).frames

  test('OK and every FAULT', () => {
    expect(read(encodeOk(ref, 7))).toEqual([['OK', ref, '7']])
    expect(read(encodeOk(ref, ''))).toEqual([['OK', ref, '']])
    for (const code of FAULT_CODES)
      expect(read(encodeFault(ref, code, 'why'))).toEqual([['FAULT', ref, code, 'why']])
  })

  test('messages, with their times in ISO 8601 and UTC, and receipts', () => {
    const message: Item = {
      kind: 'message',
      seq: 12,
      id: 34,
      sender: parseUserName(toByteString('römeo')),
      ref,
      text: toByteString('two\nlines 😀'),
      acceptedAt: Date.UTC(2024, 1, 29, 23, 59, 59, 7),
    }
    const time = '2024-02-29T23:59:59.007Z'
    const sent = ['SEND_MESSAGE', '12', toByteString('römeo'), '34', time, toByteString('two\nlines 😀')]
    const file = { id: ref, name: toByteString('röse.png'), size: 5, sha256: ref, mediaType: ref }
    const attached = { ...message, attachment: file }
    const sentFile = ['SEND_MESS_ATTACH', ...sent.slice(1), file.name, '5', ref, ref]
    const recipient = parseUserName(toByteString('juliet'))
    const receipt: Item = { kind: 'receipt', seq: 13, id: 34, ref, recipient }
    const got = ['SEND_MESS_ACK', '13', '34', ref, 'juliet']
    expect(read(encodeItems([message]))).toEqual([sent])
    expect(read(encodeItems([attached]))).toEqual([sentFile])
    expect(read(encodeItems([{ ...attached, attachment: { ...file, lost: true } }]))[0]?.[8]).toBe('')
    expect(read(encodeItems([receipt]))).toEqual([got])
    // What is kept of one is not taken for that of the next.
    const sender = parseUserName(toByteString('mercutio'))
    const items = [
      message,
      { ...message, sender },
      { ...message, sender, acceptedAt: 0 },
      receipt,
      attached,
      { ...receipt, recipient: sender },
      receipt,
      message,
    ]
    const [word, seq, , id, , text] = sent
    expect(read(encodeItems(items))).toEqual([
      sent,
      [word, seq, sender, id, time, text],
      [word, seq, sender, id, '1970-01-01T00:00:00.000Z', text],
      got,
      sentFile,
      [...got.slice(0, 4), sender],
      got,
      sent,
    ])
    expect(encodeItems([])).toBe('')
  })

  test('times to the millisecond, also of one second, and of any year that a clock may show', () => {
    const times = [
      0, 7, 999, 1000, 1_709_251_199_000, 1_709_251_199_010, 1_709_251_199_999, -1, 253_402_300_799_999,
    ]
    for (const acceptedAt of [...times, ...times.toReversed()]) {
      const text = toByteString('')
      const sender = parseUserName(toByteString('romeo'))
      const frames = encodeItems([{ kind: 'message', seq: 1, id: 1, sender, ref, text, acceptedAt }])
      expect(read(frames)[0]?.[4]).toBe(new Date(acceptedAt).toISOString())
    }
  })
})
