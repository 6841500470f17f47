import fc from 'fast-check'
import { createScramClient, createVerifier } from '../../src/client/scram.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { Fault } from '../../src/domain/fault.ts'
import { decodeServerFirst } from '../../src/domain/scram.ts'
import { ITERATIONS } from '../../src/domain/verifier.ts'
import {
  type AuthenticationBed,
  ascii,
  createAuthenticationBed,
  HOME,
  name,
  PENCIL,
  WRONG,
} from '../support/authentication.ts'

let bed: AuthenticationBed
beforeEach(async () => {
  bed = await createAuthenticationBed()
})

describe('an exchange', () => {
  test('goes as in RFC 7677, section 3', async () => {
    bed = await createAuthenticationBed({ nonce: () => ascii('%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0') })
    const exchange = await bed.authentication.begin(ascii('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'), HOME)
    expect(exchange.serverFirst).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    const final = ascii(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    )
    expect(await exchange.finish(final)).toEqual({
      user: 'user',
      serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
      verifier: PENCIL,
    })
  })

  test('lets in who has the secret, whatever name and password they chose', async () => {
    await bed.store.createAccount(name('zoë,=x'), await createVerifier('Ⅸ lions résumé', 'generated'))
    expect(await bed.login('zoë,=x', 'IX lions résumé')).toMatchObject({ user: toByteString('zoë,=x') })
  })

  test.each([
    ['a wrong secret', 'user', 'pencils'],
    ['an unknown user', 'nobody', 'pencil'],
    ['an open account', 'open', ''.padEnd(6, 'x')],
  ])('refuses %s in the same words', async (_what, user, secret) => {
    const client = createScramClient({ user, secret })
    const exchange = await bed.authentication.begin(client.clientFirst, HOME)
    expect(exchange.serverFirst).toMatch(/^r=[!-+\--~]+,s=[A-Za-z0-9+/]{22}==,i=(4096|600000)$/)
    await expect(exchange.finish(await client.final(exchange.serverFirst))).rejects.toMatchObject(WRONG)
  })

  test('shows for an unknown user the same salt each time, and another one for the next unknown user', async () => {
    const saltOf = async (user: string) => {
      const { serverFirst } = await bed.authentication.begin(ascii(`n,,n=${user},r=abc`), HOME)
      return serverFirst.replace(/^r=[^,]*,/, '')
    }
    expect(await saltOf('nobody')).toBe(await saltOf('nobody'))
    expect(await saltOf('nobody')).not.toBe(await saltOf('somebody'))
  })

  test('shows unknown users the same salt after a restart with the same key', async () => {
    const saltAfterStart = async (key: Uint8Array) => {
      bed = await createAuthenticationBed({ key, nonce: () => ascii('x') })
      return (await bed.authentication.begin(ascii('n,,n=nobody,r=abc'), HOME)).serverFirst
    }
    const first = await saltAfterStart(Buffer.alloc(32, 1))
    expect(await saltAfterStart(Buffer.alloc(32, 1))).toBe(first)
    expect(await saltAfterStart(Buffer.alloc(32, 2))).not.toBe(first)
  })

  test('shows for unknown users the iterations of both kinds of secret', async () => {
    const shown = new Set<number>()
    for (let at = 0; at < 64; at++) {
      const { serverFirst } = await bed.authentication.begin(ascii(`n,,n=nobody${at},r=abc`), HOME)
      shown.add(decodeServerFirst(serverFirst).iterations)
    }
    expect(shown).toEqual(new Set(Object.values(ITERATIONS)))
  })

  test('ends with its first final message, right or wrong', async () => {
    const client = createScramClient({ user: 'user', secret: 'pencil' })
    const exchange = await bed.authentication.begin(client.clientFirst, HOME)
    const final = await client.final(exchange.serverFirst)
    await exchange.finish(final)
    await expect(exchange.finish(final)).rejects.toMatchObject({ code: 'invalid-request' })

    const other = await bed.authentication.begin(client.clientFirst, HOME)
    await expect(other.finish(ascii('nonsense'))).rejects.toMatchObject({ code: 'invalid-request' })
    await expect(other.finish(final)).rejects.toMatchObject({ message: expect.stringContaining('is over') })
  })

  test('does not take a final message that was overheard in another one', async () => {
    const client = createScramClient({ user: 'user', secret: 'pencil' })
    const overheard = await client.final(
      (await bed.authentication.begin(client.clientFirst, HOME)).serverFirst,
    )
    const replay = await bed.authentication.begin(client.clientFirst, HOME)
    await expect(replay.finish(overheard)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('nonce'),
    })
  })

  test.each([
    ['the channel binding', (final: string) => final.replace('c=biws', 'c=eSws'), 'invalid-request'],
    ['the nonce', (final: string) => final.replace(',r=', ',r=x'), 'invalid-request'],
    ['an extension', (final: string) => final.replace(',p=', ',x=1,p='), 'not-authenticated'],
    [
      'the proof',
      (final: string) => final.replace(/,p=./, (at) => (at === ',p=A' ? ',p=B' : ',p=A')),
      'not-authenticated',
    ],
  ])('refuses a final message in which somebody changed %s', async (_what, tamper, code) => {
    const client = createScramClient({ user: 'user', secret: 'pencil' })
    const exchange = await bed.authentication.begin(client.clientFirst, HOME)
    const final = tamper(await client.final(exchange.serverFirst))
    await expect(exchange.finish(ascii(final))).rejects.toMatchObject({ code })
  })

  test('refuses a client whose first message was changed on its way', async () => {
    const client = createScramClient({ user: 'user', secret: 'pencil' })
    const exchange = await bed.authentication.begin(ascii(client.clientFirst.replace('n,,', 'y,,')), HOME)
    await expect(exchange.finish(await client.final(exchange.serverFirst))).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('channel binding'),
    })
  })

  test('that began before the secret was replaced does not open the account any more', async () => {
    const client = createScramClient({ user: 'user', secret: 'pencil' })
    const exchange = await bed.authentication.begin(client.clientFirst, HOME)
    const final = await client.final(exchange.serverFirst)
    await bed.store.setVerifier(name('user'), await createVerifier('crayon', 'generated'))
    await expect(exchange.finish(final)).rejects.toMatchObject(WRONG)
    expect(await bed.login('user', 'crayon')).toMatchObject({ user: 'user' })
  })

  test('says that a stored credential is of no use, instead of blaming who logs in', async () => {
    await bed.store.setVerifier(name('user'), ascii('damaged'))
    await expect(bed.login('user', 'pencil')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

test('whatever comes in place of either message is refused with a fault', async () => {
  bed = await createAuthenticationBed({
    limits: { perSource: { burst: 1e9, perSecond: 1 }, perUser: { burst: 1e9, perSecond: 1 } },
  })
  const bytes = fc.uint8Array({ maxLength: 100 }).map((some) => ascii(Buffer.from(some).toString('latin1')))
  const nearly = fc
    .array(
      fc.constantFrom('n,,', 'n=user', 'r=', 'abc', 'c=biws', `p=${'A'.repeat(43)}=`, ',', '=', '\0', '\xff'),
    )
    .map((parts) => ascii(parts.join('')))
  const texts = fc.oneof(bytes, nearly)
  await fc.assert(
    fc.asyncProperty(texts, texts, async (first, final) => {
      await expect(
        bed.authentication.begin(first, HOME).then((exchange) => exchange.finish(final)),
      ).rejects.toThrow(Fault)
      const exchange = await bed.authentication.begin(ascii('n,,n=user,r=abc'), HOME)
      await expect(exchange.finish(final)).rejects.toThrow(Fault)
      await expect(
        bed.authentication.begin(ascii(`n,,n=${first},r=abc`), HOME).then((it) => it.finish(final)),
      ).rejects.toThrow(Fault)
    }),
    { numRuns: 300 },
  )
})

test('what REGISTER and PASSWD may store is a verifier of RFC 5803', () => {
  expect(() => bed.authentication.checkVerifier(PENCIL)).not.toThrow()
  expect(() => bed.authentication.checkVerifier(ascii('pencil'))).toThrow(
    expect.objectContaining({ code: 'invalid-request', message: expect.stringContaining('RFC 5803') }),
  )
})
