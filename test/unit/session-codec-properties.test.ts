import fc from 'fast-check'
import { fromByteString, toByteString } from '../../src/domain/byte-string.ts'
import {
  CLIENT_FRAMES,
  encodeFrame,
  type FieldCounts,
  SERVER_FRAMES,
  SessionDecoder,
} from '../../src/wire/session.ts'

const MAX_FRAME_BYTES = 500
const BREACHES = [undefined, 'unknown operation', 'frame too large', 'not UTF-8']

/** Any text that the protocol can carry: everything but NUL, and no lone surrogates. */
const field = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', ''))

/** Frames of one side, as the table has them. */
const frames = (counts: FieldCounts) =>
  fc.array(
    fc
      .constantFrom(...counts)
      .chain(([operation, count]) =>
        fc.tuple(fc.constant(operation), fc.array(field, { minLength: count, maxLength: count })),
      ),
    { maxLength: 8 },
  )

/** Parts bytes at the places given, which may repeat. */
function part(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end))
}

describe.each([
  { side: 'client', counts: CLIENT_FRAMES },
  { side: 'server', counts: SERVER_FRAMES },
])('frames of the $side', ({ counts }) => {
  test('are what was encoded, however they are parted into chunks', () => {
    fc.assert(
      fc.property(frames(counts), fc.array(fc.nat()), (sent, cuts) => {
        const received: [string, string[]][] = []
        const decoder = new SessionDecoder(counts, MAX_FRAME_BYTES, (operation, fields) =>
          received.push([operation, fields.map(fromByteString)]),
        )
        const encoded = sent.map(([operation, fields]) => encodeFrame(operation, ...fields.map(toByteString)))
        for (const chunk of part(Buffer.from(encoded.join(''), 'latin1'), cuts)) {
          expect(decoder.decode(chunk)).toBeUndefined()
        }
        expect(received).toEqual(sent)
      }),
    )
  })

  test('never come out of nonsense with another number of fields, and nonsense never throws', () => {
    const words = fc.constantFrom(...counts.keys()).map((word) => Buffer.from(`${word}\0`))
    const nonsense = fc.oneof(fc.uint8Array({ maxLength: 40 }).map(Buffer.from), words)
    fc.assert(
      fc.property(fc.array(nonsense, { maxLength: 20 }), (chunks) => {
        const decoder = new SessionDecoder(counts, MAX_FRAME_BYTES, (operation, fields) => {
          expect(fields).toHaveLength(counts.get(operation) as number)
          expect(fields.every((value) => typeof value === 'string' && !value.includes('\0'))).toBe(true)
        })
        for (const chunk of chunks) {
          const breach = decoder.decode(chunk)
          expect(BREACHES).toContain(breach)
          if (breach !== undefined) break
        }
      }),
      { numRuns: 1000 },
    )
  })
})
