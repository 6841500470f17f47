import { type MessagingBed, type MessagingBedOptions, openMessagingBed } from '../../support/messaging-bed.ts'
import { type CallOptions, PASSWORD, request, usernameToken } from '../../support/messaging-calls.ts'

const ELSEWHERE = '192.0.2.7'
const basic = (text: string | Uint8Array) => `Basic ${Buffer.from(text).toString('base64')}`

describe('who calls', () => {
  let bed: MessagingBed
  async function open(options: MessagingBedOptions = {}): Promise<void> {
    bed = await openMessagingBed(options)
    await bed.add('ada', 'zoë')
    await bed.addOpen('eve')
  }
  afterEach(() => bed.close())

  /** `ok`, or the name and reason of the fault. */
  async function outcome(options: CallOptions): Promise<string> {
    const { fault } = await bed.call(request('ListUsers', {}), options)
    return fault === undefined ? 'ok' : `${fault.name}: ${fault.reason}`
  }

  test('is told by HTTP Basic in UTF-8, whatever the case of the scheme', async () => {
    await open()
    expect(await outcome({ authorization: basic(`zoë:${PASSWORD}`) })).toBe('ok')
    expect(await outcome({ authorization: basic(`ada:${PASSWORD}`).replace('Basic', 'bAsIc') })).toBe('ok')
    expect(await outcome({ authorization: basic('ada:wrong') })).toContain('NotAuthenticated')
  })

  test('is told by a token that the server issued', async () => {
    await open()
    const token = await bed.issueToken('ada')
    expect(await outcome({ authorization: `Bearer ${token}` })).toBe('ok')
    expect(await outcome({ authorization: `Bearer ${token}x` })).toContain('NotAuthenticated')
  })

  test.each([
    ['another scheme', 'Digest username="ada"'],
    ['nothing after the scheme', 'Basic'],
    ['no base64', 'Basic ada:secret'],
    ['no colon', basic('ada')],
    ['no user', basic(':secret')],
    ['Latin-1', basic(Buffer.from('zo\xeb:secret', 'latin1'))],
    ['a token with blanks', 'Bearer a b'],
  ])('is not told by an Authorization header with %s', async (_what, authorization) => {
    await open()
    expect(await outcome({ authorization })).toContain('NotAuthenticated: the Authorization header')
  })

  test('may be told twice, by the same name and two proofs that are right', async () => {
    await open()
    const header = usernameToken('ada', PASSWORD)
    expect(await outcome({ header, authorization: basic(`ada:${PASSWORD}`) })).toBe('ok')
    expect(await outcome({ header, authorization: `Bearer ${await bed.issueToken('ada')}` })).toBe('ok')
    expect(await outcome({ header, authorization: basic(`zoë:${PASSWORD}`) })).toContain('different users')
    expect(await outcome({ header, authorization: basic('ada:wrong') })).toContain('NotAuthenticated')
  })

  test('shows no secret over plain HTTP from another machine, but over TLS, or where that was allowed', async () => {
    await open()
    const ways = [
      { header: usernameToken('ada', PASSWORD) },
      { authorization: basic(`ada:${PASSWORD}`) },
      { authorization: `Bearer ${await bed.issueToken('ada')}` },
    ]
    for (const way of ways) {
      expect(await outcome({ ...way, address: ELSEWHERE })).toMatch(/^NotAllowed: .*https/)
      expect(await outcome({ ...way, address: ELSEWHERE, secure: true })).toBe('ok')
      expect(await outcome({ ...way, address: '::ffff:127.0.0.1' })).toBe('ok')
      expect(await outcome({ ...way, address: '::1' })).toBe('ok')
    }
    const register = request('Register', { userName: 'carol', password: 'x' })
    expect((await bed.call(register, { address: ELSEWHERE })).fault?.name).toBe('NotAllowed')
    expect((await bed.call(register, { address: ELSEWHERE, secure: true })).status).toBe(200)
    await bed.close()
    await open({ allowPlainPasswords: true })
    expect(await outcome({ header: usernameToken('ada', PASSWORD), address: ELSEWHERE })).toBe('ok')
  })

  test('needs no password for an open account on this machine, and elsewhere where that was allowed', async () => {
    await open()
    const ways = [
      { header: usernameToken('eve', undefined) },
      { header: usernameToken('eve', '') },
      { authorization: basic('eve:') },
    ]
    for (const way of ways) {
      expect(await outcome(way)).toBe('ok')
      expect(await outcome({ ...way, address: ELSEWHERE, secure: true })).toContain('NotAuthenticated')
    }
    await bed.close()
    await open({ allowOpen: true })
    for (const way of ways) expect(await outcome({ ...way, address: ELSEWHERE })).toBe('ok')
    expect(await outcome({ header: usernameToken('ada', undefined), address: ELSEWHERE })).toContain(
      'NotAuthenticated',
    )
  })

  test('who guesses too often has to wait, and the faults do not tell names from secrets', async () => {
    await open()
    const reasons = new Set<string>()
    for (let guess = 0; guess < 5; guess++) {
      reasons.add(await outcome({ header: usernameToken('ada', `guess ${guess}`) }))
      reasons.add(await outcome({ header: usernameToken(`nobody${guess}`, 'guess') }))
    }
    expect([...reasons]).toEqual(['NotAuthenticated: user or secret is wrong'])
    let last = ''
    for (let guess = 0; guess < 30 && !last.includes('try again'); guess++) {
      last = await outcome({ header: usernameToken('ada', `more ${guess}`) })
    }
    expect(last).toMatch(/^TemporarilyUnavailable: .*try again/)
  })

  test('a message with a Nonce is taken once; one that was refused is not remembered', async () => {
    await open()
    const fresh = (nonce: string) =>
      `<wsse:Nonce>${nonce}</wsse:Nonce><u:Created xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">${new Date().toISOString()}</u:Created>`
    const message = { header: usernameToken('ada', PASSWORD, fresh('AAAA')) }
    expect(await outcome(message)).toBe('ok')
    expect(await outcome(message)).toMatch(/Nonce was used before/)
    const both = await Promise.all(
      [1, 2].map(() => outcome({ header: usernameToken('ada', PASSWORD, fresh('BBBB')) })),
    )
    expect(both.filter((one) => one === 'ok')).toHaveLength(1)
    expect(both).toContainEqual(expect.stringMatching(/used before/))
    expect(await outcome({ header: usernameToken('ada', 'wrong', fresh('CCCC')) })).toContain(
      'NotAuthenticated',
    )
    expect(await outcome({ header: usernameToken('ada', PASSWORD, fresh('CCCC')) })).toBe('ok')
  })
})
