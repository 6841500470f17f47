import { createScramClient, createSecret, createVerifier, UnprovenServer } from '../../src/client/scram.ts'
import type { ByteString } from '../../src/domain/byte-string.ts'
import { parseVerifier } from '../../src/domain/verifier.ts'

const ascii = (text: string) => text as ByteString

const SERVER_FIRST = ascii(
  'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
)
const SERVER_FINAL = ascii('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')

/** The client of RFC 7677, section 3. */
const rfcClient = () => createScramClient({ user: 'user', secret: 'pencil', nonce: 'rOprNGfwEbeRWgbNEkqO' })

test('the client says what that of RFC 7677, section 3, says, and believes the same server', async () => {
  const client = rfcClient()
  expect(client.clientFirst).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
  expect(await client.final(SERVER_FIRST)).toBe(
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  )
  client.verify(SERVER_FINAL)
})

test.each([
  ['another signature', 'v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='],
  ['a signature that is too short', 'v=AAAA'],
  ['no signature', 'x=1'],
  ['a refusal', 'e=other-error'],
  ['nothing', ''],
])('a server whose last message has %s is not believed', async (_what, serverFinal) => {
  const client = rfcClient()
  await client.final(SERVER_FIRST)
  expect(() => client.verify(ascii(serverFinal))).toThrow(UnprovenServer)
})

test('a server that skips the exchange and claims success is not believed', () => {
  expect(() => rfcClient().verify(SERVER_FINAL)).toThrow(UnprovenServer)
})

test.each([
  ['does not continue its nonce', 'r=somebodyElse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', /nonce/],
  ['adds nothing to its nonce', 'r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', /nonce/],
  ['asks for few iterations', 'r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1', /4096 to 1000000/],
  [
    'asks for a billion iterations',
    'r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000000000',
    /4096 to/,
  ],
  ['speaks something else', 'HTTP/1.1 400 Bad Request', /log in as it should/],
])('the client gives no proof to a server that %s', async (_what, serverFirst, reason) => {
  await expect(rfcClient().final(ascii(serverFirst))).rejects.toThrow(reason)
  await expect(rfcClient().final(ascii(serverFirst))).rejects.toThrow(UnprovenServer)
})

test('each exchange has a nonce of its own', () => {
  const nonces = Array.from({ length: 100 }, () => createScramClient({ user: 'u', secret: 's' }).clientFirst)
  expect(new Set(nonces).size).toBe(100)
})

test('a generated secret is 24 characters that every shell, file and URL takes, and never the same', () => {
  const secrets = Array.from({ length: 100 }, createSecret)
  for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{24}$/)
  expect(new Set(secrets).size).toBe(100)
})

test('a password costs a guesser more than a generated secret, which needs no help', async () => {
  const [generated, chosen] = await Promise.all([
    createVerifier(createSecret(), 'generated'),
    createVerifier('correct horse', 'chosen'),
  ])
  expect(parseVerifier(generated).iterations).toBe(4_096)
  expect(parseVerifier(chosen).iterations).toBe(600_000)
})

test('two verifiers of one secret do not show that it is one', async () => {
  const [one, other] = await Promise.all([
    createVerifier('pencil', 'generated'),
    createVerifier('pencil', 'generated'),
  ])
  expect(one).not.toBe(other)
})

test('a secret that nobody can type again is refused before anything is sent', () => {
  expect(() => createScramClient({ user: 'user', secret: 'pen\ncil' })).toThrow(/control characters/)
})
