import { createMemoryBackend } from '../../../src/backend/memory/backend.ts'
import { FAULT_CODES, Fault } from '../../../src/domain/fault.ts'
import { type MessagingBed, type MessagingBedOptions, openMessagingBed } from '../../support/messaging-bed.ts'
import { type Answer, PASSWORD, request, usernameToken, VERSIONS } from '../../support/messaging-calls.ts'

/** SOAP 1.1 answers all faults with 500; 1.2 those of the sender with 400 (part 2, table 20). */
const SENDER = { '1.1': { code: 'Client', status: 500 }, '1.2': { code: 'Sender', status: 400 } }
const RECEIVER = { '1.1': { code: 'Server', status: 500 }, '1.2': { code: 'Receiver', status: 500 } }

describe.each(VERSIONS)('typed faults over SOAP %s', (version) => {
  const how = { version }
  let bed: MessagingBed
  async function open(options: MessagingBedOptions = {}): Promise<void> {
    bed = await openMessagingBed(options)
    await bed.add('ada', 'bob')
  }
  afterEach(() => bed.close())

  function expectFault(answer: Answer, name: string, kind: typeof SENDER = SENDER): void {
    const { code, status } = kind[version]
    expect(answer).toMatchObject({ status, fault: { code, name } })
    expect(answer.fault?.detail.correlationId).toMatch(/^[0-9a-f-]{36}$/)
    expect(bed.failures.at(-1)).toMatchObject({ fault: name, cause: undefined })
  }

  test('UserNotFound: the recipient does not exist', async () => {
    await open()
    expectFault(await bed.as('ada').send('nobody', 'a', undefined, how), 'UserNotFound')
  })

  test('UserExists: the name is taken', async () => {
    await open()
    expectFault(await bed.call(request('Register', { userName: 'ada', password: 'x' }), how), 'UserExists')
  })

  test('UserAlreadyConnected: somebody is present as this user', async () => {
    await open()
    await bed.addOpen('eve')
    await bed.join('eve')
    expectFault(await bed.as('eve', '').poll(1, 0, how), 'UserAlreadyConnected')
    expectFault(await bed.as('eve', '').acknowledge(1, how), 'UserAlreadyConnected')
  })

  test('NotAuthenticated: nobody is named, the password is wrong, or there is no such user', async () => {
    await open()
    const bodies = [
      request('Unregister', {}),
      request('Send', { recipient: 'bob', text: 'a' }),
      request('Receive', { maxMessages: 1, waitSeconds: 0 }),
      request('Acknowledge', { seq: 1 }),
      request('GetMessageStatus', { clientMessageId: 'r' }),
      request('ListUsers', {}),
    ]
    for (const body of bodies) {
      expectFault(await bed.call(body, how), 'NotAuthenticated')
      expectFault(
        await bed.call(body, { version, header: usernameToken('ada', undefined) }),
        'NotAuthenticated',
      )
    }
    for (const header of [
      usernameToken('ada', 'wrong'),
      usernameToken('nobody', PASSWORD),
      usernameToken('nobody', undefined),
    ]) {
      const body = request('Send', { recipient: 'bob', text: 'a' })
      expectFault(await bed.call(body, { version, header }), 'NotAuthenticated')
    }
  })

  test('NotAllowed: registration is closed', async () => {
    await open({ openRegistration: false })
    expectFault(await bed.call(request('Register', { userName: 'eve', password: 'x' }), how), 'NotAllowed')
  })

  test('MessageTooLong: it tells how long a text may be, in bytes of UTF-8', async () => {
    await open({ maxTextBytes: 10 })
    const answer = await bed.as('ada').send('bob', 'ééééé.', undefined, how)
    expectFault(answer, 'MessageTooLong')
    expect(answer.fault?.detail.maxTextBytes).toBe('10')
    expect((await bed.as('ada').send('bob', 'ééééé', undefined, how)).status).toBe(200)
  })

  test('MailboxFull: the recipient has not acknowledged enough', async () => {
    await open({ backend: createMemoryBackend({ items: 1, bytes: 1000 }) })
    await bed.as('ada').send('bob', 'a', undefined, how)
    expectFault(await bed.as('ada').send('bob', 'b', undefined, how), 'MailboxFull', RECEIVER)
  })

  test('TemporarilyUnavailable: the address asks too often, or the store refuses', async () => {
    let spent = false
    await open({
      takeRequest: () => {
        if (spent) throw new Fault('try-again', 'slow down')
      },
    })
    spent = true
    expectFault(await bed.as('ada').send('bob', 'a', undefined, how), 'TemporarilyUnavailable', RECEIVER)
  })

  test.each([
    ['Send', { recipient: 'bob', text: 'a', clientMessageId: '' }],
    ['Send', { recipient: 'bob', text: 'a', clientMessageId: 'é'.repeat(33) }],
    ['GetMessageStatus', { clientMessageId: 'x'.repeat(65) }],
    ['Receive', { maxMessages: 0, waitSeconds: 0 }],
    ['Receive', { maxMessages: 101, waitSeconds: 0 }],
    ['Receive', { maxMessages: 1, waitSeconds: 61 }],
    ['Receive', { maxMessages: 1, waitSeconds: -1 }],
    ['Register', { userName: 'a b', password: 'x' }],
    ['Register', { userName: 'carol', password: '' }],
  ])('InvalidRequest: %s of %j', async (operation, fields) => {
    await open()
    const header = usernameToken('ada', PASSWORD)
    expectFault(await bed.call(request(operation, fields), { version, header }), 'InvalidRequest')
  })

  test('what the schema forbids is the fault of every contract, with the place', async () => {
    await open()
    const answer = await bed.call(request('Receive', { maxMessages: 1, waitSeconds: 'soon' }), how)
    expect(answer.fault).toMatchObject({
      name: 'problem',
      detail: { location: expect.stringContaining('waitSeconds') },
    })
  })

  test('every code of the service is a fault that Send can give, or says that it cannot', async () => {
    const declared = new Set([
      'UserNotFound',
      'MessageTooLong',
      'MailboxFull',
      'InvalidRequest',
      'NotAuthenticated',
      'NotAllowed',
      'TemporarilyUnavailable',
    ])
    for (const code of FAULT_CODES) {
      await open({
        wrapMessaging: (messaging) => ({ ...messaging, send: async () => [new Fault(code, 'the reason')] }),
      })
      const { fault } = await bed.as('ada').send('bob', 'a', undefined, how)
      // UserExists and UserAlreadyConnected are none of Send's: what should not happen says nothing of itself.
      if (declared.has(fault?.name ?? '')) expect(fault?.reason).toBe('the reason')
      else expect([fault?.name, bed.failures.at(-1)?.cause]).toEqual(['problem', expect.any(TypeError)])
      if (code !== FAULT_CODES.at(-1)) await bed.close()
    }
  })
})
