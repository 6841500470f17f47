import fc from 'fast-check'
import { type ByteString, fromByteString } from '../../src/domain/byte-string.ts'
import { formatVerifier, parseVerifier, prepareSecret } from '../../src/domain/verifier.ts'

/** As `SELECT rolpassword FROM pg_authid` of PostgreSQL shows it. */
const FROM_POSTGRESQL =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=' as ByteString

test('a verifier as PostgreSQL keeps it reads, and is written as it was', () => {
  const verifier = parseVerifier(FROM_POSTGRESQL)
  expect(verifier.iterations).toBe(4096)
  expect([verifier.salt, verifier.storedKey, verifier.serverKey].map((bytes) => bytes.length)).toEqual([
    16, 32, 32,
  ])
  expect(formatVerifier(verifier)).toBe(FROM_POSTGRESQL)
})

test('every verifier reads back as it was written', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const verifiers = fc.record({
    iterations: fc.integer({ min: 4096, max: 1_000_000 }),
    salt: fc.uint8Array({ minLength: 8, maxLength: 64 }),
    storedKey: bytes(32),
    serverKey: bytes(32),
  })
  fc.assert(
    fc.property(verifiers, (verifier) => {
      const text = formatVerifier(verifier)
      expect(formatVerifier(parseVerifier(text))).toBe(text)
      expect(Buffer.compare(parseVerifier(text).salt, verifier.salt)).toBe(0)
    }),
  )
})

const KEY = 'WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY='
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ=='

test.each([
  ['the secret itself', 'pencil', /form SCRAM-SHA-256\$/],
  ['nothing', '', /form SCRAM-SHA-256\$/],
  ['the older hash', `SCRAM-SHA-1$4096:${SALT}$${KEY}:${KEY}`, /form SCRAM-SHA-256\$/],
  ['small letters', `scram-sha-256$4096:${SALT}$${KEY}:${KEY}`, /form SCRAM-SHA-256\$/],
  ['one key', `SCRAM-SHA-256$4096:${SALT}$${KEY}`, /form SCRAM-SHA-256\$/],
  ['a line end', `SCRAM-SHA-256$4096:${SALT}$${KEY}:${KEY}\n`, /ServerKey in base64/],
  ['too few iterations', `SCRAM-SHA-256$4095:${SALT}$${KEY}:${KEY}`, /4096 to 1000000/],
  ['too many iterations', `SCRAM-SHA-256$1000001:${SALT}$${KEY}:${KEY}`, /4096 to 1000000/],
  ['a number with a sign', `SCRAM-SHA-256$+4096:${SALT}$${KEY}:${KEY}`, /4096 to 1000000/],
  ['a number with a leading zero', `SCRAM-SHA-256$04096:${SALT}$${KEY}:${KEY}`, /4096 to 1000000/],
  ['a salt that is no base64', `SCRAM-SHA-256$4096:salt!$${KEY}:${KEY}`, /salt in base64/],
  ['a salt that is too short', `SCRAM-SHA-256$4096:AAAA$${KEY}:${KEY}`, /salt of 8 to 64 bytes/],
  ['a short StoredKey', `SCRAM-SHA-256$4096:${SALT}$AAAA:${KEY}`, /StoredKey of 32 bytes/],
  ['a short ServerKey', `SCRAM-SHA-256$4096:${SALT}$${KEY}:AAAA`, /ServerKey of 32 bytes/],
])('what is no verifier is refused with the rule that it breaks: %s', (_what, text, reason) => {
  expect(() => parseVerifier(text as ByteString)).toThrow(
    expect.objectContaining({ code: 'invalid-request', message: expect.stringMatching(reason) }),
  )
})

test('a secret typed in another normal form is the same secret', () => {
  expect(prepareSecret('re\u0301sume\u0301')).toBe(prepareSecret('résumé'))
  expect(prepareSecret('ﬁve\u00a0lions Ⅸ')).toBe(prepareSecret('five lions IX'))
  expect(fromByteString(prepareSecret('パスワード'))).toBe('パスワード')
})

test.each([
  ['empty', ''],
  ['with a line end', 'pencil\n'],
  ['with an escape', 'pen\x1bcil'],
  ['with half a character', 'pen\ud800cil'],
])('a secret that is %s is refused', (_what, secret) => {
  expect(() => prepareSecret(secret)).toThrow(expect.objectContaining({ code: 'invalid-request' }))
})
