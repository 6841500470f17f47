import { encodeLegacyReply, LEGACY_OPERATIONS, type LegacyOperation } from '../../src/wire/legacy.ts'
import { createLegacyReplyDecoder, type LegacyReplyDecoding } from '../../src/wire/legacy-reply.ts'

function decode(operation: LegacyOperation, ...chunks: readonly Uint8Array[]): LegacyReplyDecoding {
  const decoder = createLegacyReplyDecoder(operation)
  let decoding: LegacyReplyDecoding = { state: 'incomplete' }
  for (const chunk of chunks) {
    expect(decoding.state).toBe('incomplete')
    decoding = decoder.decode(chunk)
  }
  return decoding
}

const replies = Object.entries(LEGACY_OPERATIONS).flatMap(([operation, row]) =>
  Object.keys(row.replies).map((byte) => [operation as LegacyOperation, Number(byte)] as const),
)

test.each(replies)('the reply to %s that is byte %i reads back', (operation, byte) => {
  const id = operation === 'SEND' && byte === 0 ? 1207 : undefined
  const whole = encodeLegacyReply(byte, id)
  const read = { state: 'complete', code: byte, ...(id === undefined ? {} : { id }) }
  expect(decode(operation, whole)).toEqual(read)
  for (let at = 1; at < whole.length; at += 1) {
    expect(decode(operation, whole.subarray(0, at), whole.subarray(at))).toEqual(read)
  }
  expect(decode(operation, ...[...whole].map((one) => Uint8Array.of(one)))).toEqual(read)
})

test.each<[LegacyOperation, string, string]>([
  ['REGISTER', 'a byte that is not in the table', '\x07'],
  ['REGISTER', 'another protocol', 'HTTP/1.1 400 Bad Request\r\n'],
  ['SEND', 'an id with a letter', '\x0012x\0'],
  ['SEND', 'no id at all', '\0\0'],
  ['SEND', 'an id beyond what a number holds', `\0${'9'.repeat(17)}\0`],
])('the reply to %s that has %s is refused', (operation, _what, bytes) => {
  expect(decode(operation, Buffer.from(bytes, 'latin1'))).toEqual({ state: 'refused' })
})
