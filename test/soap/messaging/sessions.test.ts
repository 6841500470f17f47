import { type MessagingBed, openMessagingBed } from '../../support/messaging-bed.ts'

describe('SOAP and sessions share their users', () => {
  let bed: MessagingBed
  beforeEach(async () => {
    bed = await openMessagingBed()
    await bed.addOpen('ada', 'bob')
  })
  afterEach(() => bed.close())

  test('a message by SOAP arrives in a session, and its receipt comes back by SOAP', async () => {
    const bob = await bed.join('bob')
    const ada = bed.as('ada', '')
    await ada.send('bob', 'a\nb', 'order-1')
    const item = await bob.take('SEND_MESSAGE')
    expect(item.slice(2)).toEqual(['ada', '0', expect.anything(), 'a\nb'])
    expect((await ada.status('order-1')).result?.status).toBe('Waiting')
    bob.confirm(item)
    expect(await ada.receive(10, 60)).toMatchObject([
      { receipt: { messageId: '0', clientMessageId: 'order-1', recipient: 'bob' } },
    ])
  })

  test('a message by a session arrives by SOAP, and its receipt comes back in the session', async () => {
    const bob = await bed.join('bob')
    const waiting = bed.as('ada', '').receive(10, 60)
    expect(await bob.ask('SEND', 'ada', 'hi')).toEqual(['OK', '0'])
    expect(await waiting).toMatchObject([{ seq: '1', message: { sender: 'bob', text: 'hi' } }])
    await bed.as('ada', '').acknowledge(1)
    expect((await bob.take('SEND_MESS_ACK')).slice(2, 3)).toEqual(['0'])
  })

  test('a session that is present sends by SOAP too, and hears its receipts', async () => {
    const bob = await bed.join('bob')
    await bed.as('bob', '').send('bob', 'to myself', 'self')
    const item = await bob.take('SEND_MESSAGE')
    bob.confirm(item)
    expect((await bob.take('SEND_MESS_ACK')).slice(3)).toEqual(['self', 'bob'])
  })

  test('characters that XML cannot carry are given as U+FFFD, and nothing behind them is held up', async () => {
    const bob = await bed.join('bob')
    bob.send(['SEND', '\u0001', 'ada', 'a\u0007\u001b[31m\uffff\tb'], ['SEND', 'r', 'ada', 'c'])
    expect((await bed.as('ada', '').receive(10, 60)).map(({ message }) => message?.text)).toContain(
      'a\ufffd\ufffd[31m\ufffd\tb',
    )
    await bob.reply('r')
    expect(await bed.as('ada', '').receive(10, 0)).toHaveLength(2)
  })

  test('a receipt of a SEND without a ref has no clientMessageId', async () => {
    const store = bed.store
    await store.append([
      {
        sender: 'bob' as never,
        recipient: 'ada' as never,
        ref: '' as never,
        text: 'x' as never,
        acceptedAt: 0,
      },
    ])
    const [entry] = await bed.as('ada', '').receive()
    await bed.as('ada', '').acknowledge(String(entry?.seq))
    expect(await bed.as('bob', '').receive()).toEqual([
      { seq: '1', receipt: { messageId: '0', recipient: 'ada' } },
    ])
  })
})
