import fc from 'fast-check'
import { decodeBase64, encodeBase64 } from '../../src/domain/base64.ts'
import { type ByteString, toByteString } from '../../src/domain/byte-string.ts'
import { Fault } from '../../src/domain/fault.ts'
import {
  authMessage,
  decodeClientFinal,
  decodeClientFirst,
  decodeServerFinal,
  decodeServerFirst,
  encodeClientFinal,
  encodeClientFinalWithoutProof,
  encodeClientFirstBare,
  encodeServerFinal,
  encodeServerFirst,
  GS2_HEADER,
} from '../../src/domain/scram.ts'
import { parseUserName } from '../../src/domain/user-name.ts'

const ascii = (text: string) => text as ByteString

/** The exchange of RFC 7677, section 3. */
const RFC_7677 = {
  clientFirst: ascii('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'),
  serverFirst: ascii(
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  ),
  clientFinal: ascii(
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  ),
  serverFinal: ascii('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='),
}

test('the messages of RFC 7677, section 3, are read and written as they stand there', () => {
  const first = decodeClientFirst(RFC_7677.clientFirst)
  expect(first).toEqual({
    gs2Header: 'n,,',
    bare: 'n=user,r=rOprNGfwEbeRWgbNEkqO',
    user: 'user',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
  })
  expect(GS2_HEADER + encodeClientFirstBare(first.user, first.nonce)).toBe(RFC_7677.clientFirst)

  const server = decodeServerFirst(RFC_7677.serverFirst)
  expect(server).toMatchObject({ iterations: 4096, nonce: expect.stringMatching(/^rOpr.*\$k0$/) })
  expect(encodeServerFirst(server)).toBe(RFC_7677.serverFirst)

  const final = decodeClientFinal(RFC_7677.clientFinal)
  expect(final).toMatchObject({ channelBinding: 'n,,', nonce: server.nonce })
  const withoutProof = encodeClientFinalWithoutProof(first.gs2Header, server.nonce)
  expect(withoutProof).toBe(final.withoutProof)
  expect(encodeClientFinal(withoutProof, final.proof)).toBe(RFC_7677.clientFinal)

  expect(encodeServerFinal(decodeServerFinal(RFC_7677.serverFinal))).toBe(RFC_7677.serverFinal)
  expect(authMessage(first.bare, RFC_7677.serverFirst, withoutProof)).toBe(
    'n=user,r=rOprNGfwEbeRWgbNEkqO,' +
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,' +
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  )
})

test('a comma and an equals sign in a name travel escaped', () => {
  const bare = encodeClientFirstBare(ascii('a,b=c=2C'), ascii('abc'))
  expect(bare).toBe('n=a=2Cb=3Dc=3D2C,r=abc')
  expect(decodeClientFirst(ascii(`n,,${bare}`)).user).toBe('a,b=c=2C')
})

test('every user name reads back from the message that carries it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (text) => {
      const name = toByteString(text.replaceAll('\0', ''))
      fc.pre(isUserName(name))
      expect(decodeClientFirst(ascii(`n,,${encodeClientFirstBare(name, ascii('abc'))}`)).user).toBe(name)
    }),
  )
})

test('a client that knows of channel binding but was offered none is let in (y)', () => {
  expect(decodeClientFirst(ascii('y,,n=user,r=abc')).gs2Header).toBe('y,,')
})

test('optional extensions mean nothing and change nothing', () => {
  expect(decodeClientFirst(ascii('n,,n=user,r=abc,x=1,t=host'))).toMatchObject({
    user: 'user',
    bare: 'n=user,r=abc,x=1,t=host',
  })
  expect(decodeServerFirst(ascii('r=abcd,s=AAAA,i=4096,x=1')).iterations).toBe(4096)
  const proof = encodeBase64(new Uint8Array(32))
  expect(decodeClientFinal(ascii(`c=biws,r=abcd,x=1,p=${proof}`)).withoutProof).toBe('c=biws,r=abcd,x=1')
})

test.each([
  ['nothing', '', /gs2 header/],
  ['no gs2 header', 'n=user,r=abc', /gs2 header/],
  ['channel binding', 'p=tls-unique,,n=user,r=abc', /channel binding.*use n,,/],
  ['a second user', 'n,a=admin,n=user,r=abc', /second user/],
  ['an extension that must be known', 'n,,m=new,n=user,r=abc', /extension \(m=\)/],
  ['no name', 'n,,r=abc', /n= at place 1/],
  ['an empty name', 'n,,n=,r=abc', /list of attributes/],
  ['no nonce', 'n,,n=user', /r= at place 2/],
  ['the nonce first', 'n,,r=abc,n=user', /n= at place 1/],
  ['an escape that is none', 'n,,n=us=2Xer,r=abc', /=3D/],
  ['an escape in small letters', 'n,,n=us=2cer,r=abc', /=3D/],
  ['a nonce with a space', 'n,,n=user,r=a b', /printable ASCII/],
  ['something that is no attribute', 'n,,n=user,r=abc,xyz', /list of attributes/],
  ['no end', `n,,n=user,r=${'a'.repeat(2000)}`, /at most 1024 bytes/],
])('a client-first-message with %s is refused', (_what, text, reason) => {
  expect(() => decodeClientFirst(ascii(text))).toThrow(
    expect.objectContaining({ code: 'invalid-request', message: expect.stringMatching(reason) }),
  )
})

const PROOF = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='

test.each([
  ['no proof', 'c=biws,r=abc', /end with a proof/],
  ['no channel binding', `r=abc,p=${PROOF}`, /c= at place 1/],
  ['no nonce', `c=biws,p=${PROOF}`, /r= at place 2/],
  ['an extension that must be known', `m=new,c=biws,r=abc,p=${PROOF}`, /extension \(m=\)/],
  ['a channel binding that is no base64', `c=*,r=abc,p=${PROOF}`, /c= in base64/],
  ['a proof without its padding', `c=biws,r=abc,p=${PROOF.slice(0, -1)}`, /p= in base64/],
  ['a proof in base64url', `c=biws,r=abc,p=${PROOF.replace('+', '-')}`, /p= in base64/],
  ['a proof that is too short', 'c=biws,r=abc,p=AAAA', /32 bytes in p=/],
])('a client-final-message with %s is refused', (_what, text, reason) => {
  expect(() => decodeClientFinal(ascii(text))).toThrow(
    expect.objectContaining({ code: 'invalid-request', message: expect.stringMatching(reason) }),
  )
})

test.each([
  ['an extension that must be known', 'm=new,r=abc,s=AAAA,i=4096', /extension \(m=\)/],
  ['no salt', 'r=abc,i=4096', /s= at place 2/],
  ['a salt that is no base64', 'r=abc,s=AAA,i=4096', /s= in base64/],
  ['so few iterations that a listener could guess', 'r=abc,s=AAAA,i=4095', /4096 to 1000000/],
  ['so many that they would burn the client', 'r=abc,s=AAAA,i=1000001', /4096 to 1000000/],
  ['iterations that are no number', 'r=abc,s=AAAA,i=0x1000', /4096 to 1000000/],
])('a server-first-message with %s is refused', (_what, text, reason) => {
  expect(() => decodeServerFirst(ascii(text))).toThrow(
    expect.objectContaining({ code: 'invalid-request', message: expect.stringMatching(reason) }),
  )
})

test('a server that refuses in its last message is heard', () => {
  expect(() => decodeServerFinal(ascii('e=invalid-proof'))).toThrow(
    expect.objectContaining({ code: 'not-authenticated', message: 'the server refuses: invalid-proof' }),
  )
})

/** Bytes at random, and bytes that are nearly right. */
const messages = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc
    .array(
      fc.constantFrom(
        'n,,',
        'y,,',
        'n=',
        'r=',
        's=AAAA',
        'i=4096',
        'c=biws',
        `p=${PROOF}`,
        ',',
        '=',
        'm=',
        'x=1',
        'abc',
        '\0',
        'é',
      ),
    )
    .map((parts) => parts.join('')),
)

test.each([
  ['client-first', decodeClientFirst],
  ['client-final', decodeClientFinal],
  ['server-first', decodeServerFirst],
  ['server-final', decodeServerFinal],
])('whatever comes as a %s message is read or refused with a fault', (_which, decode) => {
  fc.assert(
    fc.property(messages, (text) => {
      try {
        decode(ascii(text))
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('base64 has one spelling for each value', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(Buffer.compare(decodeBase64(encodeBase64(bytes)) ?? Buffer.of(1), bytes)).toBe(0)
    }),
  )
  for (const other of ['AB', 'AB=', 'AB==', 'A B=', 'AA==\n', '_-==', 'AAAA='])
    expect(decodeBase64(other)).toBeUndefined()
})

function isUserName(name: ByteString): boolean {
  try {
    return parseUserName(name) === name
  } catch {
    return false
  }
}
