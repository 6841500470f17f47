import { createVerifier } from '../../src/client/scram.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import {
  type AuthenticationBed,
  codesOf,
  createAuthenticationBed,
  guessUntilLimit,
  HOME,
  LIMIT,
  name,
  PENCIL,
  WRONG,
} from '../support/authentication.ts'

let bed: AuthenticationBed
beforeEach(async () => {
  bed = await createAuthenticationBed()
})

describe('a password that is shown', () => {
  const shown = (user: string, password: string, source = HOME) =>
    bed.authentication.verifyPassword(toByteString(user), toByteString(password), source)

  const pencil = { name: 'user', proof: PENCIL }

  test('lets its user in, time after time', async () => {
    expect(await shown('user', 'pencil')).toEqual(pencil)
    expect(await shown('user', 'pencil')).toEqual(pencil)
    bed.pass(3_600_000)
    expect(await shown('user', 'pencil')).toEqual(pencil)
  })

  test.each([
    ['is wrong', 'user', 'pencils'],
    ['is for nobody', 'nobody', 'pencil'],
    ['is for an open account', 'open', 'x'],
  ])('and %s is refused in the same words', async (_what, user, password) => {
    await expect(shown(user, password)).rejects.toMatchObject(WRONG)
  })

  test('is not known for another moment once it was replaced, or its account removed', async () => {
    await shown('user', 'pencil')
    await bed.store.setVerifier(name('user'), await createVerifier('crayon', 'generated'))
    await expect(shown('user', 'pencil')).rejects.toMatchObject(WRONG)
    expect(await shown('user', 'crayon')).toMatchObject({ name: 'user' })
    await bed.store.removeAccount(name('user'))
    await expect(shown('user', 'crayon')).rejects.toMatchObject(WRONG)
  })

  test('that was right a moment ago still is at the limit of failed attempts, and a new one has to wait', async () => {
    await shown('user', 'pencil')
    await guessUntilLimit((at) => bed.guess(`name${at}`))
    expect(await shown('user', 'pencil')).toEqual(pencil)
    bed.pass(61_000)
    await guessUntilLimit((at) => bed.guess(`name${at}`))
    await expect(shown('user', 'pencil')).rejects.toMatchObject(LIMIT)
  })

  test('that is shown again and again stays known for longer than a minute', async () => {
    for (let times = 0; times < 5; times++) {
      await shown('user', 'pencil')
      bed.pass(40_000)
    }
    await guessUntilLimit((at) => bed.guess(`name${at}`))
    expect(await shown('user', 'pencil')).toEqual(pencil)
  })

  test('is counted like a failed exchange, and guesses at the same time one by one', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, at) => shown('user', `guess ${at}`)),
    )
    expect(codesOf(outcomes)).toEqual({ 'not-authenticated': 10, 'try-again': 20 })
    await expect(bed.login('user', 'pencil', '192.0.2.2')).rejects.toMatchObject(LIMIT)
  })

  test('is answered with try-again when too many are being checked', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, at) => shown('user', 'pencil', `198.51.100.${at}`)),
    )
    expect(codesOf(outcomes)).toEqual({ 'let in': 32, 'try-again': 8 })
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'try-again', message: expect.stringContaining('passwords') },
    })
    expect(await shown('user', 'pencil')).toEqual(pencil)
  })

  test.each([
    ['a bad name', 'us er', 'pencil', 'invalid-name'],
    ['no password', 'user', '', 'invalid-request'],
    ['a control character', 'user', 'pen\ncil', 'invalid-request'],
  ])('with %s is refused as such', async (_what, user, password, code) => {
    await expect(shown(user, password)).rejects.toMatchObject({ code })
  })
})
