import { type MessagingBed, openMessagingBed } from '../../support/messaging-bed.ts'
import { escapeText, listOf, MESSAGING, PASSWORD, request, VERSIONS } from '../../support/messaging-calls.ts'

describe.each(VERSIONS)('the messaging service over SOAP %s', (version) => {
  const how = { version }
  let bed: MessagingBed
  beforeEach(async () => {
    bed = await openMessagingBed()
    await bed.add('ada', 'bob')
  })
  afterEach(() => bed.close())

  test('Register makes an account that its password opens, and Unregister removes it', async () => {
    const made = await bed.call(request('Register', { userName: 'zoë', password: 'pâssword' }), how)
    expect(made).toMatchObject({ status: 200, result: {} })
    const zoe = bed.as('zoë', 'pâssword')
    expect((await zoe.users('', how)).status).toBe(200)
    expect((await bed.as('zoë', 'other').users('', how)).fault?.name).toBe('NotAuthenticated')
    expect(await zoe.unregister(how)).toMatchObject({ status: 200, result: {} })
    expect((await zoe.users('', how)).fault?.name).toBe('NotAuthenticated')
  })

  test('Send stores a text, Receive gives it, Acknowledge takes it away, and the sender gets a receipt', async () => {
    const [ada, bob] = [bed.as('ada'), bed.as('bob')]
    const text = '  hi,\t<b>&amp; zoë 👍]]>\n '
    const sent = await ada.send('bob', text, 'order-17', how)
    expect(sent.result).toEqual({ messageId: '0', clientMessageId: 'order-17' })

    const [entry, ...others] = await bob.receive(10, 0, how)
    expect(others).toEqual([])
    expect(entry).toMatchObject({ seq: '1', message: { messageId: '0', sender: 'ada', text } })
    expect(entry?.message?.acceptedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(entry).not.toHaveProperty('receipt')

    expect((await bob.acknowledge(1, how)).result).toEqual({})
    expect(await bob.receive(10, 0, how)).toEqual([])
    expect(await ada.receive(10, 0, how)).toEqual([
      { seq: '1', receipt: { messageId: '0', clientMessageId: 'order-17', recipient: 'bob' } },
    ])
  })

  test('what was not acknowledged is given again with the same seq; Acknowledge is cumulative', async () => {
    const [ada, bob] = [bed.as('ada'), bed.as('bob')]
    for (const text of ['a', 'b', 'c', 'd']) await ada.send('bob', text, undefined, how)
    const seqs = async (most: number) => (await bob.receive(most, 0, how)).map(({ seq }) => seq)
    expect(await seqs(2)).toEqual(['1', '2'])
    expect(await seqs(3)).toEqual(['1', '2', '3'])
    await bob.acknowledge(2, how)
    expect(await seqs(100)).toEqual(['3', '4'])
    await bob.acknowledge(1, how)
    expect(await seqs(100)).toEqual(['3', '4'])
  })

  test('the same clientMessageId again stores nothing and gives the same messageId, until its receipt is acknowledged', async () => {
    const [ada, bob] = [bed.as('ada'), bed.as('bob')]
    const first = await ada.send('bob', 'a', 'r', how)
    expect((await ada.send('bob', 'a', 'r', how)).result).toEqual(first.result)
    expect(await bob.receive(10, 0, how)).toHaveLength(1)
    await bob.acknowledge(1, how)
    await ada.receive(10, 0, how)
    await ada.acknowledge(1, how)
    expect((await ada.send('bob', 'a', 'r', how)).result).toMatchObject({ messageId: '1' })
  })

  test('without a clientMessageId the server makes one, by which the status is known', async () => {
    const ada = bed.as('ada')
    const { result } = await ada.send('bob', 'a', undefined, how)
    expect(result?.clientMessageId).toMatch(/^[0-9a-f-]{36}$/)
    const status = await ada.status(String(result?.clientMessageId), how)
    expect(status.result).toEqual({ messageId: '0', status: 'Waiting' })
  })

  test('GetMessageStatus tells Waiting, Delivered, and MessageNotFound once the receipt was acknowledged', async () => {
    const [ada, bob] = [bed.as('ada'), bed.as('bob')]
    await ada.send('bob', 'a', 'r', how)
    expect((await ada.status('r', how)).result).toEqual({ messageId: '0', status: 'Waiting' })
    await bob.receive(1, 0, how)
    expect((await ada.status('r', how)).result).toEqual({ messageId: '0', status: 'Waiting' })
    await bob.acknowledge(1, how)
    expect((await ada.status('r', how)).result).toEqual({ messageId: '0', status: 'Delivered' })
    await ada.receive(1, 0, how)
    await ada.acknowledge(1, how)
    expect((await ada.status('r', how)).fault?.name).toBe('MessageNotFound')
    expect((await bob.status('r', how)).fault?.name).toBe('MessageNotFound')
  })

  test('ListUsers lists by prefix, in the order of bytes, and tells who is present', async () => {
    await bed.add('alan')
    await bed.as('alan').receive(1, 0, how)
    const users = async (prefix?: string) => listOf((await bed.as('ada').users(prefix, how)).result?.user)
    expect(await users('a')).toEqual([
      { name: 'ada', online: 'false' },
      { name: 'alan', online: 'true' },
    ])
    expect(await users()).toHaveLength(3)
    expect(await users('x')).toEqual([])
  })

  test.each(['__proto__', 'constructor'])(
    '%s is a name, a password, an id and a text like any other',
    async (name) => {
      expect((await bed.call(request('Register', { userName: name, password: name }), how)).status).toBe(200)
      const user = bed.as(name, name)
      expect((await user.send(name, name, name, how)).result).toMatchObject({ clientMessageId: name })
      expect((await user.status(name, how)).result?.status).toBe('Waiting')
      expect((await user.status('toString', how)).fault?.name).toBe('MessageNotFound')
      expect(await user.receive(10, 0, how)).toMatchObject([{ message: { sender: name, text: name } }])
      expect(listOf((await user.users(name, how)).result?.user)).toEqual([{ name, online: 'true' }])
      expect((await user.send('toString', 'x', undefined, how)).fault?.name).toBe('UserNotFound')
    },
  )

  test('messages and receipts come in the order of seq, in one list', async () => {
    const [ada, bob] = [bed.as('ada'), bed.as('bob')]
    await ada.send('bob', 'one', 'r', how)
    await bob.send('ada', 'two', undefined, how)
    await bob.receive(10, 0, how)
    await bob.acknowledge(1, how)
    await bob.send('ada', 'three', undefined, how)
    expect(await ada.receive(10, 0, how)).toMatchObject([
      { seq: '1', message: { text: 'two' } },
      { seq: '2', receipt: { clientMessageId: 'r' } },
      { seq: '3', message: { text: 'three' } },
    ])
  })

  test('one answer has as many texts as are bearable, and the first always', async () => {
    await bed.close()
    bed = await openMessagingBed({ maxTextBytes: 3_000_000 })
    await bed.add('ada', 'bob')
    const bob = bed.as('bob')
    for (const size of [700_000, 700_000, 1_500_000]) {
      await bed.as('ada').send('bob', 'x'.repeat(size), undefined, how)
    }
    const sizes: (number | undefined)[][] = []
    for (let round = 0; round < 4; round++) {
      const entries = await bob.receive(100, 0, how)
      sizes.push(entries.map(({ message }) => message?.text?.length))
      if (entries.length > 0) await bob.acknowledge(String(entries.at(-1)?.seq), how)
    }
    expect(sizes).toEqual([[700_000], [700_000], [1_500_000], []])
  })

  test('an xs:string of blanks, and one of nothing, arrive as they are', async () => {
    for (const text of [' ', '', '\r\n\t ', '&lt;']) {
      const body = `<Send xmlns="${MESSAGING}"><recipient>bob</recipient><text>${escapeText(text)}</text></Send>`
      const authorization = `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}`
      expect((await bed.call(body, { version, authorization })).status).toBe(200)
    }
    const entries = await bed.as('bob').receive(100, 0, how)
    const texts = bed.failures.length === 0 ? entries.map(({ message }) => message?.text ?? '') : []
    expect(texts).toEqual([' ', '', '\r\n\t ', '&lt;'])
  })
})
