import { createVerifier } from '../../src/client/scram.ts'
import {
  type AuthenticationBed,
  ascii,
  createAuthenticationBed,
  guessUntilLimit,
  HOME,
  LIMIT,
  name,
  PENCIL,
  WRONG,
} from '../support/authentication.ts'

const DAY = 86_400
const KEY = Buffer.alloc(32, 7)

describe('a token that is shown', () => {
  let bed: AuthenticationBed
  let time: number
  beforeEach(async () => {
    time = 0
    bed = await createAuthenticationBed({ clock: () => time, key: KEY })
  })

  const shown = (token: string, source = HOME) => bed.authentication.verifyToken(ascii(token), source)
  const issued = (user = 'user', expires = DAY) => bed.authentication.issueToken(name(user), expires)
  const forged = (claims: string) =>
    `dms1.${Buffer.from(claims).toString('base64url')}.${Buffer.alloc(32).toString('base64url')}`

  test('lets its user in, time after time, until it expires', async () => {
    const token = await issued()
    expect(await shown(token)).toEqual({ name: 'user', proof: PENCIL })
    time = DAY * 1000 - 1
    expect(await shown(token)).toEqual({ name: 'user', proof: PENCIL })
    time = DAY * 1000
    await expect(shown(token)).rejects.toMatchObject(WRONG)
  })

  test('has the characters of RFC 6750, whatever the name', async () => {
    await bed.store.createAccount(name('zoë|x y'.replace(' ', '.')), PENCIL)
    const token = await issued('zoë|x.y')
    expect(token).toMatch(/^[A-Za-z0-9\-._~+/]+=*$/)
    expect(await shown(token)).toMatchObject({ name: name('zoë|x.y') })
  })

  test('is void once the secret was replaced, and stays void for a namesake', async () => {
    const token = await issued()
    await bed.store.setVerifier(name('user'), await createVerifier('crayon', 'generated'))
    await expect(shown(token)).rejects.toMatchObject(WRONG)
    const fresh = await issued()
    await bed.store.removeAccount(name('user'))
    await expect(shown(fresh)).rejects.toMatchObject(WRONG)
    await bed.store.createAccount(name('user'), await createVerifier('crayon', 'generated'))
    await expect(shown(fresh)).rejects.toMatchObject(WRONG)
  })

  test('outlives a restart with the same key, and not one with another', async () => {
    const token = await issued()
    bed = await createAuthenticationBed({ clock: () => time, key: Buffer.from(KEY) })
    expect(await shown(token)).toMatchObject({ name: 'user' })
    bed = await createAuthenticationBed({ clock: () => time, key: Buffer.alloc(32, 8) })
    await expect(shown(token)).rejects.toMatchObject(WRONG)
  })

  test('cannot be made to expire later, or to name somebody else', async () => {
    await bed.store.createAccount(name('other'), PENCIL)
    const [, claims = '', signature = ''] = (await issued()).split('.')
    const text = Buffer.from(claims, 'base64url').toString()
    for (const changed of [text.replace(/^\d+/, '99999999'), text.replace('user', 'other')]) {
      expect(changed).not.toBe(text)
      const token = `dms1.${Buffer.from(changed).toString('base64url')}.${signature}`
      await expect(shown(token)).rejects.toMatchObject(WRONG)
    }
  })

  test.each([
    ['is empty', ''],
    ['is no token', 'abc'],
    ['has a part too many', 'dms1.YQ.YQ.YQ'],
    ['has a signature that is too short', forged(`${DAY} user`).slice(0, -1)],
    ['names nobody', forged(`${DAY} `)],
    ['names what cannot be a name', forged(`${DAY} us er`)],
    ['says nothing of its expiry', forged('user')],
    ['is forged', forged(`${DAY} user`)],
    ['names nobody who exists', forged(`${DAY} nobody`)],
    ['names an open account', forged(`${DAY} open`)],
  ])('and %s is refused in the same words', async (_what, token) => {
    await expect(shown(token)).rejects.toMatchObject(WRONG)
  })

  test('and is wrong counts against its source, and never keeps the user or a good token out', async () => {
    const token = await issued()
    const junk = [forged(`${DAY} user`), 'junk']
    expect(await guessUntilLimit((at) => shown(junk[at % 2] as string))).toBe(20)
    await expect(shown('junk')).rejects.toMatchObject(LIMIT)
    expect(await shown(token)).toMatchObject({ name: 'user' })
    expect(await bed.login('user', 'pencil', '192.0.2.2')).toMatchObject({ user: 'user' })
  })

  test('and is wrong is told to the observer, with the name it shows if it has one', async () => {
    const told: unknown[] = []
    bed = await createAuthenticationBed({
      observer: { authenticationFailed: (...of) => told.push(of) },
    })
    await expect(shown('junk')).rejects.toMatchObject(WRONG)
    await expect(shown(forged(`${DAY} user`))).rejects.toMatchObject(WRONG)
    expect(told).toEqual([
      [undefined, HOME, 'not-authenticated'],
      ['user', HOME, 'not-authenticated'],
    ])
  })
})

test('a token is issued for an account with a credential only', async () => {
  const { authentication } = await createAuthenticationBed()
  await expect(authentication.issueToken(name('nobody'), DAY)).rejects.toMatchObject({ code: 'no-such-user' })
  await expect(authentication.issueToken(name('open'), DAY)).rejects.toMatchObject({ code: 'not-allowed' })
})
