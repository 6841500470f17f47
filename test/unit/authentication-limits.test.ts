import {
  type AuthenticationBed,
  ascii,
  codesOf,
  createAuthenticationBed,
  finishWrongly,
  guessUntilLimit,
  HOME,
  LIMIT,
} from '../support/authentication.ts'

let bed: AuthenticationBed
beforeEach(async () => {
  bed = await createAuthenticationBed()
})

describe('failed attempts', () => {
  test('are limited for one source, over all the names it tries', async () => {
    expect(await guessUntilLimit((at) => bed.guess(`name${at}`))).toBe(20)
    await expect(bed.authentication.begin(ascii('n,,n=user,r=abc'), HOME)).rejects.toMatchObject(LIMIT)
    expect(await bed.login('user', 'pencil', '192.0.2.2')).toMatchObject({ user: 'user' })
  })

  test('are limited for one user, over all the sources they come from', async () => {
    expect(await guessUntilLimit((at) => bed.guess('user', `198.51.100.${at}`))).toBe(10)
    await expect(bed.login('user', 'pencil')).rejects.toMatchObject(LIMIT)
  })

  test('are limited for a user who does not exist as for one who does', async () => {
    expect(await guessUntilLimit((at) => bed.guess('nobody', `198.51.100.${at}`))).toBe(10)
  })

  test('lock a user out for a second at most, however many there were', async () => {
    await guessUntilLimit((at) => bed.guess('user', `198.51.100.${at}`))
    bed.pass(1_000)
    expect(await bed.login('user', 'pencil')).toMatchObject({ user: 'user' })
  })

  test('of one source alone never lock another one out of an account', async () => {
    await guessUntilLimit(() => bed.guess('user', '198.51.100.1').finally(() => bed.pass(1_000)))
    for (let minute = 0; minute < 10; minute++) {
      bed.pass(60_000)
      await guessUntilLimit(() => bed.guess('user', '198.51.100.1').finally(() => bed.pass(1_000)))
      expect(await bed.login('user', 'pencil')).toMatchObject({ user: 'user' })
    }
  })

  test('are counted for an IPv6 network, since one host has all of its addresses', async () => {
    expect(
      await guessUntilLimit((at) => bed.guess(`name${at}`, `2001:db8:0:7::${(at + 1).toString(16)}`)),
    ).toBe(20)
    await expect(bed.login('user', 'pencil', '2001:db8:0:7:aa:bb:cc:dd')).rejects.toMatchObject(LIMIT)
    expect(await bed.login('user', 'pencil', '2001:db8:0:8::1')).toMatchObject({ user: 'user' })
    expect(await bed.login('user', 'pencil', '::1')).toMatchObject({ user: 'user' })
  })

  test('are not forgiven for a login in between', async () => {
    const taken = await guessUntilLimit(async (at) => {
      if (at % 3 === 0) await bed.login('user', 'pencil')
      return bed.guess(`name${at}`)
    })
    expect(taken).toBe(20)
  })

  test('made at the same time are counted one by one', async () => {
    const begun = await Promise.all(
      Array.from({ length: 50 }, (_, at) => bed.authentication.begin(ascii(`n,,n=user,r=nonce${at}`), HOME)),
    )
    const outcomes = await Promise.allSettled(begun.map(finishWrongly))
    expect(codesOf(outcomes)).toEqual({ 'not-authenticated': 10, 'try-again': 40 })
  })

  test('that never got to a proof cost nothing', async () => {
    for (let at = 0; at < 100; at++) await bed.authentication.begin(ascii('n,,n=user,r=abc'), HOME)
    expect(await bed.login('user', 'pencil')).toMatchObject({ user: 'user' })
  })

  test('follow the limits that were set', async () => {
    bed = await createAuthenticationBed({
      limits: { perSource: { burst: 3, perSecond: 1 }, perUser: { burst: 5, perSecond: 1 } },
    })
    expect(await guessUntilLimit((at) => bed.guess(`name${at}`))).toBe(3)
  })
})
