import { setImmediate } from 'node:timers/promises'
import { type MessagingBed, type MessagingBedOptions, openMessagingBed } from '../../support/messaging-bed.ts'
import { listOf } from '../../support/messaging-calls.ts'

describe('Receive counts as presence', () => {
  let bed: MessagingBed
  async function open(options: MessagingBedOptions = {}): Promise<void> {
    bed = await openMessagingBed(options)
    await bed.addOpen('ada', 'bob', 'eve')
  }
  const ada = () => bed.as('ada', '')
  const bob = () => bed.as('bob', '')
  afterEach(() => bed.close())

  async function online(): Promise<unknown[]> {
    const users = listOf<{ name: string; online: string }>((await bed.as('eve', '').users()).result?.user)
    return users.filter((one) => one.online === 'true').map(({ name }) => name)
  }

  test('a message wakes who waits', async () => {
    await open()
    const waiting = bob().receive(10, 60)
    await bed.present(1)
    await ada().send('bob', 'hello')
    expect(await waiting).toMatchObject([{ message: { text: 'hello' } }])
  })

  test('a receipt does too', async () => {
    await open()
    await ada().send('bob', 'hello', 'r')
    const waiting = ada().receive(10, 60)
    await bob().receive()
    await bob().acknowledge(1)
    expect(await waiting).toMatchObject([{ receipt: { clientMessageId: 'r', recipient: 'bob' } }])
  })

  test('while one waits, another Receive is refused, and so is a session; the first is not disturbed', async () => {
    await open()
    const waiting = bob().receive(10, 60)
    await bed.present(1)
    expect((await bob().poll(10, 0)).fault?.name).toBe('UserAlreadyConnected')
    const peer = await bed.dial()
    expect((await peer.ask('CONNECT', 'bob', ''))[1]).toBe('already-connected')
    await ada().send('bob', 'hello')
    expect(await waiting).toHaveLength(1)
  })

  test('of two at the same moment one waits', async () => {
    await open()
    const both = [bob().poll(10, 60), bob().poll(10, 60)]
    const refused = await Promise.race(both)
    expect(refused.fault?.name).toBe('UserAlreadyConnected')
    await ada().send('bob', 'hello')
    const answers = await Promise.all(both)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('it lasts beyond the answer: the user is online, and the next Receive goes on', async () => {
    await open()
    expect(await bob().receive()).toEqual([])
    expect(await online()).toEqual(['bob'])
    await ada().send('bob', 'hello')
    expect(await bob().receive()).toHaveLength(1)
    expect(await online()).toEqual(['bob'])
  })

  test('it ends when nobody asks again, and the next Receive begins anew with the same seq', async () => {
    await open({ graceMs: 1 })
    await ada().send('bob', 'hello')
    expect(await bob().receive()).toMatchObject([{ seq: '1' }])
    await bed.present(0)
    expect(await bob().receive()).toMatchObject([{ seq: '1' }])
    await bed.present(0)
    expect(await online()).toEqual([])
  })

  test('between two calls a session takes over, and gets what was not acknowledged', async () => {
    await open()
    await ada().send('bob', 'hello')
    expect(await bob().receive()).toHaveLength(1)
    const peer = await bed.join('bob')
    expect(await peer.take('SEND_MESSAGE')).toMatchObject([
      'SEND_MESSAGE',
      '1',
      'ada',
      '0',
      expect.anything(),
      'hello',
    ])
    expect((await bob().poll(10, 0)).fault?.name).toBe('UserAlreadyConnected')
    expect((await bob().acknowledge(1)).fault?.name).toBe('UserAlreadyConnected')
  })

  test('a session that asks for a takeover gets it while one waits, who is told', async () => {
    await open()
    const waiting = bob().poll(10, 60)
    await bed.present(1)
    const peer = await bed.dial()
    expect(await peer.ask('CONNECT', 'bob', 'takeover')).toEqual(['OK', '0'])
    expect((await waiting).fault).toMatchObject({
      name: 'UserAlreadyConnected',
      reason: expect.stringContaining('took over'),
    })
  })

  test('who goes away while waiting loses nothing, and is not in the way of the next', async () => {
    await open()
    const leaving = new AbortController()
    const waiting = bob().receive(10, 60, { gone: leaving.signal })
    await bed.present(1)
    leaving.abort()
    expect(await waiting).toEqual([])
    await ada().send('bob', 'hello')
    expect(await bob().receive()).toMatchObject([{ seq: '1' }])
  })

  test('who is gone before the wait begins does not wait', async () => {
    await open()
    const leaving = new AbortController()
    const waiting = bob().receive(10, 60, { gone: leaving.signal })
    leaving.abort()
    expect(await waiting).toEqual([])
  })

  test('the account that goes takes who waits with it', async () => {
    await open()
    const waiting = bob().poll(10, 60)
    await bed.present(1)
    await bob().unregister()
    expect((await waiting).fault?.name).toBe('NotAuthenticated')
  })

  test('who has proven nothing does not go on where somebody with a password was', async () => {
    await open()
    await bed.add('zoe')
    await bed.as('zoe').receive()
    expect((await bed.as('zoe', '').poll(1, 0)).fault?.name).toBe('NotAuthenticated')
    expect((await bed.as('zoe', 'wrong').acknowledge(1)).fault?.name).toBe('NotAuthenticated')
  })

  test('when the server stops, everybody who waits is answered at once, and nobody begins to wait', async () => {
    await open()
    const waiting = [bob().receive(10, 60), ada().receive(10, 60)]
    await bed.present(2)
    await bed.stopReceiving()
    expect(await Promise.all(waiting)).toEqual([[], []])
    expect((await bob().poll(10, 60)).fault?.name).toBe('TemporarilyUnavailable')
    expect((await ada().send('bob', 'still')).status).toBe(200)
  })

  test('so many users may receive; one who only is remembered makes room, one who waits does not', async () => {
    await open({ mostReceivers: 2 })
    await ada().receive()
    await bob().receive()
    const waiting = bed.as('eve', '').receive(10, 60)
    await setImmediate()
    expect((await bed.as('eve', '').users()).status).toBe(200)
    expect(await online()).toEqual(['bob', 'eve'])
    const also = bob().receive(10, 60)
    await setImmediate()
    expect((await ada().poll(10, 0)).fault?.name).toBe('TemporarilyUnavailable')
    await ada().send('eve', 'a')
    await ada().send('bob', 'b')
    expect([await waiting, await also]).toMatchObject([[{ seq: '1' }], [{ seq: '1' }]])
  })
})

describe('Acknowledge', () => {
  let bed: MessagingBed
  const bob = () => bed.as('bob', '')
  beforeEach(async () => {
    bed = await openMessagingBed({ graceMs: 1 })
    await bed.addOpen('ada', 'bob')
    for (const text of ['a', 'b', 'c']) await bed.as('ada', '').send('bob', text)
  })
  afterEach(() => bed.close())
  const left = async () => (await bob().receive()).map(({ seq }) => seq)

  test('counts also when the presence in which it was given has ended', async () => {
    await bob().receive(2)
    await bed.present(0)
    expect((await bob().acknowledge(2)).status).toBe(200)
    expect(await left()).toEqual(['3'])
  })

  test.each(['9007199254740993', '9223372036854775807', '17'])(
    'of %s, which was never given, takes nothing away that was not',
    async (seq) => {
      await bob().acknowledge(seq)
      expect(await left()).toEqual(['1', '2', '3'])
    },
  )

  test('of a higher seq counts as that of the last entry given', async () => {
    await bed.close()
    bed = await openMessagingBed()
    await bed.addOpen('ada', 'bob')
    for (const text of ['a', 'b', 'c']) await bed.as('ada', '').send('bob', text)
    await bob().receive(2)
    await bob().acknowledge(1000)
    expect(await left()).toEqual(['3'])
  })

  test.each(['0', '-1', '-9223372036854775808'])('of %s takes nothing away', async (seq) => {
    await bob().receive()
    expect((await bob().acknowledge(seq)).status).toBe(200)
    expect(await left()).toEqual(['1', '2', '3'])
  })

  test('goes through a mailbox of any length, window by window', async () => {
    for (let i = 0; i < 250; i++) await bed.as('ada', '').send('bob', `${i}`)
    const seen: string[] = []
    for (;;) {
      const entries = await bob().receive()
      if (entries.length === 0) break
      seen.push(...entries.map(({ seq }) => seq))
      await bob().acknowledge(String(entries.at(-1)?.seq))
    }
    expect(seen).toEqual(Array.from({ length: 253 }, (_, i) => String(i + 1)))
  })
})
