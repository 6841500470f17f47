import { decodeItems, encodeItems } from '../../src/backend/lmdb/item-record.ts'
import { accountKey, numberKey, placeKey, readPlaceKey } from '../../src/backend/lmdb/keys.ts'
import {
  DamagedRecord,
  decodeAccount,
  decodeAttachment,
  decodeCounters,
  decodeHead,
  decodeSentRefs,
  encodeAccount,
  encodeAttachment,
  encodeCounters,
  encodeHead,
  encodeSentRefs,
  type StoredItem,
  type StoredMessage,
  seal,
} from '../../src/backend/lmdb/record.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { NONE, user } from '../support/words.ts'

const ITEMS: readonly StoredItem[] = [
  {
    kind: 'message',
    seq: 41,
    id: 7,
    from: 3,
    sender: user('zoë'),
    ref: toByteString('r-1'),
    acceptedAt: 1_700_000_000_000,
    text: toByteString('déjà\nvu'),
  },
  { kind: 'receipt', seq: 42, id: 5, ref: NONE, recipient: user('romeo') },
  { kind: 'message', seq: 43, id: 8, from: 3, sender: user('zoë'), ref: NONE, acceptedAt: 0, text: NONE },
]

const [MESSAGE] = ITEMS as readonly [StoredMessage]

/** Two messages that say the same but for ref and text, and two such receipts. */
const RUNS: readonly StoredItem[] = [
  MESSAGE,
  { ...MESSAGE, seq: 42, id: 8, ref: NONE, text: NONE },
  { kind: 'receipt', seq: 43, id: 9, ref: toByteString('r-2'), recipient: user('romeo') },
  { kind: 'receipt', seq: 44, id: 10, ref: toByteString('r-3'), recipient: user('romeo') },
]

const FILE = {
  id: toByteString('00112233445566778899aabbccddeeff'),
  size: 12_345,
  sha256: toByteString('e3b0c442'.repeat(8)),
}

/** Two messages with files, and one without behind them. */
const FILES: readonly StoredItem[] = [
  { ...MESSAGE, seq: 43, attachment: { ...FILE, name: toByteString('déjà vu.pdf'), mediaType: NONE } },
  {
    ...MESSAGE,
    seq: 44,
    id: 8,
    attachment: { ...FILE, name: toByteString('b'), mediaType: toByteString('text/plain') },
  },
  { ...MESSAGE, seq: 45, id: 9 },
]

/**
 * The bytes that files out there hold. A test that fails here has found a change of the format: see the ritual above
 * RECORD_VERSION, and keep these lines.
 */
const FIXTURES = [
  {
    name: 'an account',
    key: accountKey(user('romeo')),
    value: { number: 3, verifier: toByteString('SCRAM-SHA-256$4096:c2FsdA==$YQ==:Yg==') },
    encode: encodeAccount,
    decode: decodeAccount,
    hex: '018191e1993300534352414d2d5348412d32353624343039363a6332467364413d3d2459513d3d3a59673d3d00',
  },
  {
    name: 'a head',
    key: numberKey(3),
    value: { confirmed: 40, next: 44, count: 3, bytes: 10 },
    encode: encodeHead,
    decode: decodeHead,
    hex: '0111c8cc753430003434003300313000',
  },
  {
    name: 'the counters',
    key: Buffer.from('counters'),
    value: { nextId: 9, nextAccount: 4 },
    encode: encodeCounters,
    decode: decodeCounters,
    hex: '015cf180a239003400',
  },
  {
    name: 'refs',
    key: placeKey(3, 8),
    value: [
      { id: 7, ref: toByteString('r-1') },
      { id: 8, ref: toByteString('é') },
    ],
    encode: encodeSentRefs,
    decode: decodeSentRefs,
    hex: '01151baf233700722d31003800c3a900',
  },
  {
    name: 'items',
    key: placeKey(3, 43),
    value: ITEMS,
    encode: encodeItems,
    decode: decodeItems,
    hex: '037ca7d68c3431006d003700310033007a6fc3ab003137303030303030303030303000722d310064c3a96ac3a00a767500720035003100726f6d656f00006d003800310033007a6fc3ab0030000000',
  },
  {
    name: 'items in runs',
    key: placeKey(3, 46),
    value: RUNS,
    encode: encodeItems,
    decode: decodeItems,
    hex: '039fdd278a3431006d003700320033007a6fc3ab003137303030303030303030303000722d310064c3a96ac3a00a7675000000720039003200726f6d656f00722d3200722d3300',
  },
  {
    name: 'items with files',
    key: placeKey(3, 45),
    value: FILES,
    encode: encodeItems,
    decode: decodeItems,
    hex: '03cc1cb92434330061003700320033007a6fc3ab003137303030303030303030303000722d310064c3a96ac3a00a76750030303131323233333434353536363737383839396161626263636464656566660064c3a96ac3a02076752e70646600313233343500653362306334343265336230633434326533623063343432653362306334343265336230633434326533623063343432653362306334343265336230633434320000722d310064c3a96ac3a00a76750030303131323233333434353536363737383839396161626263636464656566660062003132333435006533623063343432653362306334343265336230633434326533623063343432653362306334343265336230633434326533623063343432653362306334343200746578742f706c61696e006d003900310033007a6fc3ab003137303030303030303030303000722d310064c3a96ac3a00a767500',
  },
  {
    name: 'a file that waits',
    key: placeKey(3, 43),
    value: { id: FILE.id, size: FILE.size },
    encode: encodeAttachment,
    decode: decodeAttachment,
    hex: '01c3b2f91e303031313232333334343535363637373838393961616262636364646565666600313233343500',
  },
] as unknown as readonly {
  name: string
  key: Buffer
  value: unknown
  encode(key: Buffer, value: unknown): Buffer
  decode(key: Buffer, record: Buffer): unknown
  hex: string
}[]

describe.each(FIXTURES)('the record of $name', ({ key, value, encode, decode, hex }) => {
  test('has the bytes that files out there hold', () => {
    expect(encode(key, value).toString('hex')).toBe(hex)
    expect(decode(key, Buffer.from(hex, 'hex'))).toEqual(value)
  })

  test('with any bit flipped is damaged', () => {
    const record = encode(key, value)
    for (let bit = 0; bit < record.length * 8; bit++) {
      const flipped = Buffer.from(record)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => decode(key, flipped)).toThrow(DamagedRecord)
    }
  })

  test('cut anywhere is damaged', () => {
    const record = encode(key, value)
    for (let end = 0; end < record.length; end++) {
      expect(() => decode(key, record.subarray(0, end))).toThrow(DamagedRecord)
    }
  })

  test('in the place of another is damaged', () => {
    expect(() => decode(Buffer.from('another'), encode(key, value))).toThrow('CRC does not match')
  })

  test('of a version that is not known is named so', () => {
    const record = encode(key, value)
    record[0] = 4
    expect(() => decode(key, record)).toThrow('unknown record version 4')
  })
})

/** Bytes that servers wrote once: read for ever, written no more. */
const OLD_FIXTURES = [
  {
    name: 'version 1',
    key: placeKey(3, 43),
    value: ITEMS,
    hex: '0131446ad13431006d00370033007a6fc3ab00722d3100313730303030303030303030300064c3a96ac3a00a7675007200350000726f6d656f006d00380033007a6fc3ab0000300000',
  },
  {
    name: 'version 2, which had those with a file among them',
    key: placeKey(3, 44),
    value: [FILES[0], { kind: 'receipt', seq: 44, id: 5, ref: NONE, recipient: user('romeo') }],
    hex: '02335b1daf3433006100370033007a6fc3ab00722d3100313730303030303030303030300064c3a96ac3a00a76750030303131323233333434353536363737383839396161626263636464656566660064c3a96ac3a02076752e706466003132333435006533623063343432653362306334343265336230633434326533623063343432653362306334343265336230633434326533623063343432653362306334343200007200350000726f6d656f00',
  },
]

test.each(OLD_FIXTURES)('items of $name are still read', ({ key, value, hex }) => {
  expect(decodeItems(key, Buffer.from(hex, 'hex'))).toEqual(value)
})

describe('items are read as they were written', () => {
  const key = placeKey(3, 99)
  const receipt = { kind: 'receipt', seq: 1, id: 7, ref: NONE, recipient: user('romeo') } as const
  const message = { ...MESSAGE, seq: 1, id: 7 }
  const attached = { ...message, attachment: { ...FILE, name: NONE, mediaType: NONE } }

  test.each<{ name: string; item: StoredItem; next: StoredItem }>([
    { name: 'by another account of that name', item: message, next: { ...message, from: 4 } },
    { name: 'by another sender', item: message, next: { ...message, sender: user('romeo') } },
    { name: 'at another time', item: message, next: { ...message, acceptedAt: 0 } },
    { name: 'with a file behind one without', item: message, next: attached },
    { name: 'without a file behind one with', item: attached, next: message },
    { name: 'behind a receipt', item: receipt, next: message },
    { name: 'before a receipt', item: message, next: receipt },
    { name: 'for another recipient', item: receipt, next: { ...receipt, recipient: user('juliet') } },
  ])('$name', ({ item, next }) => {
    for (const id of [6, 7, 8, 9]) {
      const items = [item, { ...next, seq: 2, id }, { ...next, seq: 3, id: id + 1 }]
      expect(decodeItems(key, encodeItems(key, items))).toEqual(items)
    }
  })

  test('as fields that no server writes are damaged, CRC or not', () => {
    const problems: Readonly<Record<string, string>> = {
      '1 m 7 2 3 zoe 0 ref text': 'a run has not as many items as it says',
      '1 m 7 1 3 zoe 0 ref': 'a run has not as many items as it says',
      '1 a 7 1 3 zoe 0 ref text id name 5 sum': 'a run has not as many items as it says',
      '1 r 7 2 romeo ref': 'a run has not as many items as it says',
      '1 r 7 0 romeo': 'a run has not as many items as it says',
      '1 r 7 -1 romeo ref': 'a run has not as many items as it says',
      '1 r 7 1 romeo ref ref': 'neither messages nor receipts',
      '1 x 7 1 romeo ref': 'neither messages nor receipts',
      'one r 7 1 romeo ref': 'a number is none',
      '1 r seven 1 romeo ref': 'a number is none',
      '1 r 7 1.5 romeo ref': 'a number is none',
      '1 m 7 1 three zoe 0 ref text': 'a number is none',
      '1 m 7 1 3 zoe now ref text': 'a number is none',
      '1 m 7': 'a number is none',
    }
    for (const [fields, problem] of Object.entries(problems)) {
      const record = seal(key, `${fields.replaceAll(' ', '\0')}\0`, 3)
      expect(() => decodeItems(key, record)).toThrow(new DamagedRecord(problem))
    }
  })
})

describe('keys', () => {
  test('of places are in the order of the numbers, account before place', () => {
    const places = [
      0,
      1,
      255,
      256,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      Date.UTC(2026, 0) * 1000,
      Number.MAX_SAFE_INTEGER,
    ]
    const numbers = [1, 2, 255, 256, 2 ** 32 - 2]
    const inOrder = numbers.flatMap((account) => places.map((place) => ({ account, place })))
    const keys = inOrder.map(({ account, place }) => placeKey(account, place))
    expect([...keys].reverse().sort(Buffer.compare)).toEqual(keys)
    expect(keys.map(readPlaceKey)).toEqual(inOrder)
  })
})
