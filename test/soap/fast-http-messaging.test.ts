import fc from 'fast-check'
import type { SoapEndpoint } from '../../src/soap/endpoint.ts'
import { type MessagingBed, openMessagingBed } from '../support/messaging-bed.ts'
import { type CallOptions, envelope, PASSWORD, request, usernameToken } from '../support/messaging-calls.ts'
import { areSame, changedCalls, normal } from './both-paths.ts'
import * as http from './raw-http.ts'
import { openTextServer, removeSpaces, type TextServer, envelope as textEnvelope } from './text-server.ts'

/** Any number of guesses: of two callers the first must not be in the way of the second. */
const RATE = { burst: 1_000_000, perSecond: 1_000_000 }

/**
 * Calls at /messaging, whose answers take a while and depend on who calls. Those are left out whose second time is another
 * thing than the first: Register, Unregister, Acknowledge, and tokens with a Nonce. Nobody receives twice at a time: node:http
 * begins with what came behind before it has answered, so that it is anybody's guess who of the two is refused.
 */
describe('the fast path answers calls of the messaging service as node:http does', () => {
  let fast: TextServer
  let plain: TextServer
  let bed: MessagingBed
  let calls: readonly string[]
  /** Calls that are being worked on. */
  const working = new Set<Promise<unknown>>()

  beforeAll(async () => {
    bed = await openMessagingBed({ attemptLimits: { perSource: RATE, perUser: RATE } })
    await bed.add('ada', 'bob', 'carl')
    for (const name of ['ada', 'carl']) await bed.as('bob').send(name, 'two   words é', name)
    await bed.as('ada').send('bob', 'hi', 'one')
    // From now on they are present.
    for (const name of ['ada', 'carl']) expect(await bed.as(name).receive()).toHaveLength(1)
    const basic = `Basic ${btoa(`ada:${PASSWORD}`)}`
    const carl = `Basic ${btoa(`carl:${PASSWORD}`)}`
    calls = [
      call('Send', { recipient: 'bob', text: 'hi', clientMessageId: 'one' }),
      call('Send', { recipient: 'bob', text: 'hi', clientMessageId: 'one' }, '1.2'),
      call('Receive', { maxMessages: 10, waitSeconds: 0 }),
      call('Receive', { maxMessages: 10, waitSeconds: 0 }, '1.2', carl),
      call('GetMessageStatus', { clientMessageId: 'one' }, '1.1', basic),
      call('ListUsers', { prefix: 'a' }, '1.1', `Bearer ${await bed.issueToken('ada')}`),
      call('Send', { recipient: 'nobody', text: 'hi', clientMessageId: 'two' }),
      call('Receive', { maxMessages: 0, waitSeconds: 0 }, '1.2'),
      call('GetAttachment', { seq: 1 }, '1.1', basic),
      call('ListUsers', {}, '1.1', `Basic ${btoa('ada:wrong')}`),
      http.request(textEnvelope('1.1', removeSpaces('a  b'))),
    ]
    const counted: SoapEndpoint = {
      ...bed.endpoint,
      handle(call) {
        const answer = Promise.resolve(bed.endpoint.handle(call)).finally(() => working.delete(answer))
        working.add(answer)
        return answer
      },
    }
    const others = new Map([['/messaging', counted]])
    const limits = { bodyBytes: 4000 }
    fast = await openTextServer({ limits, others })
    plain = await openTextServer({ limits, others, fast: false })
  })
  afterAll(async () => {
    await fast.close()
    await plain.close()
    await bed.close()
  })

  function call(
    operation: string,
    fields: Readonly<Record<string, string | number>>,
    version: CallOptions['version'] & string = '1.1',
    authorization?: string,
  ): string {
    const header = authorization === undefined ? { header: usernameToken('ada', PASSWORD) } : {}
    const document = envelope(request(operation, fields), { version, ...header })
    const lines = authorization === undefined ? [] : [`Authorization: ${authorization}`]
    const sent = http.request(document, ...lines).replace('POST /', 'POST /messaging')
    return version === '1.1' ? sent : sent.replace('text/xml', 'application/soap+xml')
  }

  /**
   * Resolves when nothing that came is worked on, and has not been for some turns of the loop: one call is read, handed over or
   * begun behind another, and each of that takes turns.
   */
  async function settled(): Promise<void> {
    for (let quiet = 0; quiet < 10; quiet++) {
      if (working.size > 0) quiet = 0
      await Promise.allSettled(working)
      await http.letRead()
    }
  }

  /**
   * What node:http does with an answer under way when bad bytes follow, and whether it says so, is a matter of turns of the
   * loop; so answers that differ are asked for again. What is a difference of the two paths is one each time.
   */
  async function expectSame(pieces: readonly (string | Buffer)[]): Promise<string> {
    for (let again = 2; ; again--) {
      const ours = await http.exchange(fast.port, pieces, settled)
      const theirs = await http.exchange(plain.port, pieces, settled)
      if (areSame(normal(ours), normal(theirs))) return ours
      if (again === 0)
        throw new Error(`${JSON.stringify(pieces.map(String))}\nfast: ${ours}\nnode: ${theirs}`)
    }
  }

  test('each of them, and all in one packet', async () => {
    const statuses = async (pieces: readonly string[]) =>
      (await expectSame(pieces)).match(/(?<=HTTP\/1\.1 )\d+/g)?.join(' ')
    const each: (string | undefined)[] = []
    for (const one of calls) each.push(await statuses([one]))
    expect(each.join(' ')).toBe('200 200 200 200 200 200 500 400 500 500 200')
    expect(await statuses([calls.join('')])).toBe(each.join(' '))
  })

  test('with whatever changed anywhere, cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(changedCalls(calls), async (pieces) => {
        await expectSame(pieces)
      }),
      { numRuns: 1000 },
    )
  }, 60_000)
})
