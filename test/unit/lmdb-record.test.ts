import { accountKey, numberKey, placeKey, readPlaceKey } from '../../src/backend/lmdb/keys.ts'
import {
  DamagedRecord,
  decodeAccount,
  decodeAttachment,
  decodeCounters,
  decodeHead,
  decodeItems,
  decodeSentRefs,
  encodeAccount,
  encodeAttachment,
  encodeCounters,
  encodeHead,
  encodeItems,
  encodeSentRefs,
  type StoredItem,
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

const FILE = {
  id: toByteString('00112233445566778899aabbccddeeff'),
  size: 12_345,
  sha256: toByteString('e3b0c442'.repeat(8)),
}

/**
 * The bytes of version 1, which files out there hold, and of version 2, which items with a file among them have. A test that fails here has found a change of the format: see the
 * ritual above RECORD_VERSION, and keep these lines.
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
    hex: '0131446ad13431006d00370033007a6fc3ab00722d3100313730303030303030303030300064c3a96ac3a00a7675007200350000726f6d656f006d00380033007a6fc3ab0000300000',
  },
  {
    name: 'items with a file',
    key: placeKey(3, 44),
    value: [
      { ...ITEMS[0], seq: 43, attachment: { ...FILE, name: toByteString('déjà vu.pdf'), mediaType: NONE } },
      { kind: 'receipt', seq: 44, id: 5, ref: NONE, recipient: user('romeo') },
    ],
    encode: encodeItems,
    decode: decodeItems,
    hex: '02335b1daf3433006100370033007a6fc3ab00722d3100313730303030303030303030300064c3a96ac3a00a76750030303131323233333434353536363737383839396161626263636464656566660064c3a96ac3a02076752e706466003132333435006533623063343432653362306334343265336230633434326533623063343432653362306334343265336230633434326533623063343432653362306334343200007200350000726f6d656f00',
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
    record[0] = 3
    expect(() => decode(key, record)).toThrow('unknown record version 3')
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
