import { Registry } from 'prom-client'
import { toByteString } from '../../src/domain/byte-string.ts'
import { Fault } from '../../src/domain/fault.ts'
import type { Item } from '../../src/domain/message.ts'
import type { Store, Survey } from '../../src/domain/store.ts'
import { delaysOf } from '../../src/observe/event-loop-delay.ts'
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts'
import { createSurveyMemory } from '../../src/observe/survey-memory.ts'
import { WeightedHistogram } from '../../src/observe/weighted-histogram.ts'
import { parseMetrics, type Series } from '../support/metrics-text.ts'
import { user } from '../support/words.ts'

const NOTHING: Survey = { accounts: 0, items: 0, bytes: 0, largest: 0, oldest: undefined }
const NOW = 1_700_000_000_000

const well = (survey: Survey = NOTHING): Pick<Store, 'survey' | 'failure'> => ({
  failure: () => undefined,
  survey: async () => survey,
})

const message = (seq: number, acceptedAt: number): Item => ({
  kind: 'message',
  seq,
  id: seq,
  sender: user('romeo'),
  ref: toByteString(''),
  text: toByteString('hello'),
  acceptedAt,
})

const receipt = (seq: number): Item => ({
  kind: 'receipt',
  seq,
  id: seq,
  ref: toByteString(''),
  recipient: user('juliet'),
})

describe('metrics', () => {
  let metrics: Metrics
  beforeEach(() => {
    metrics = createMetrics({ now: () => NOW })
  })
  afterEach(() => metrics.close())

  const read = async (store = well()): Promise<Series> => parseMetrics((await metrics.read(store)).text)

  test('want no event that comes once a message', () => {
    expect(metrics.observer).not.toHaveProperty('accepted')
    expect(metrics.observer).not.toHaveProperty('delivered')
  })

  test('have the content type of the text format', async () => {
    expect((await metrics.read(well())).contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  test('a batch of SENDs counts each outcome, and the time once for each that was accepted', async () => {
    const full = new Fault('mailbox-full', 'full')
    metrics.observer.sent?.([7, 8, full, 9], 3)
    metrics.observer.sent?.([full], 400)
    expect(Object.fromEntries(await read())).toMatchObject({
      'dms_requests_total{verb="SEND",outcome="ok"}': 3,
      'dms_requests_total{verb="SEND",outcome="mailbox-full"}': 2,
      'dms_send_to_synced_seconds_bucket{le="0.002"}': 0,
      'dms_send_to_synced_seconds_bucket{le="0.005"}': 3,
      'dms_send_to_synced_seconds_bucket{le="+Inf"}': 3,
      dms_send_to_synced_seconds_count: 3,
    })
  })

  test('a SEND is counted by its batch alone, unless a protocol refused it before it became one', async () => {
    metrics.observer.request?.('SEND', user('romeo'), 'ok')
    metrics.observer.request?.('SEND', user('romeo'), 'mailbox-full')
    metrics.observer.request?.('SEND', user('romeo'), 'not-allowed')
    metrics.observer.request?.('SEND', user('romeo'), 'try-again')
    metrics.observer.request?.('CONNECT', user('romeo'), 'ok')
    const series = await read()
    expect(series.get('dms_requests_total{verb="SEND",outcome="ok"}')).toBe(0)
    expect(series.has('dms_requests_total{verb="SEND",outcome="mailbox-full"}')).toBe(false)
    expect(series.get('dms_requests_total{verb="SEND",outcome="not-allowed"}')).toBe(1)
    expect(series.get('dms_requests_total{verb="SEND",outcome="try-again"}')).toBe(1)
    expect(series.get('dms_requests_total{verb="CONNECT",outcome="ok"}')).toBe(1)
  })

  test('confirmed messages count with their age, receipts do not, and a clock set back makes nobody younger than nothing', async () => {
    metrics.observer.confirmed?.([
      message(1, NOW - 5000),
      message(2, NOW - 5000),
      receipt(3),
      message(4, NOW - 70),
      message(5, NOW + 3_600_000),
    ])
    const series = await read()
    expect(series.get('dms_accepted_to_delivered_seconds_count')).toBe(4)
    expect(series.get('dms_accepted_to_delivered_seconds_sum')).toBeCloseTo(10.07)
    expect(series.get('dms_accepted_to_delivered_seconds_bucket{le="0.001"}')).toBe(1)
    expect(series.get('dms_accepted_to_delivered_seconds_bucket{le="0.1"}')).toBe(2)
    expect(series.get('dms_accepted_to_delivered_seconds_bucket{le="5"}')).toBe(4)
  })

  test('what waits comes from a survey', async () => {
    const series = await read(well({ accounts: 3, items: 7, bytes: 70, largest: 5, oldest: NOW - 90_000 }))
    expect(series.get('dms_accounts')).toBe(3)
    expect(series.get('dms_waiting_items')).toBe(7)
    expect(series.get('dms_waiting_bytes')).toBe(70)
    expect(series.get('dms_waiting_largest_mailbox_items')).toBe(5)
    expect(series.get('dms_waiting_oldest_message_seconds')).toBe(90)
    expect(series.get('dms_store_healthy')).toBe(1)
  })

  test('of a store that fails it says so, and what waits in it is left out until it is well again', async () => {
    const failing = {
      failure: () => 'the disk is full',
      survey: async () => Promise.reject(new Fault('unavailable', 'the disk is full')),
    }
    const series = await read(failing)
    expect(series.get('dms_store_healthy')).toBe(0)
    expect(series.has('dms_waiting_items')).toBe(false)
    expect(series.has('dms_waiting_oldest_message_seconds')).toBe(false)
    expect((await read(well({ ...NOTHING, items: 4 }))).get('dms_waiting_items')).toBe(4)
  })

  test('an error of a survey that is no refusal is not hidden', async () => {
    const broken = { failure: () => undefined, survey: async () => Promise.reject(new Error('broken')) }
    await expect(metrics.read(broken)).rejects.toThrow('broken')
  })

  test('SOAP requests count by operation and outcome, with a histogram of their time for each operation', async () => {
    metrics.observer.soapAnswered?.('remove', 'ok', 3)
    metrics.observer.soapAnswered?.('remove', 'Sender', 0.05)
    metrics.observer.soapAnswered?.('-', '415', 0)
    expect(Object.fromEntries(await read())).toMatchObject({
      'dms_soap_requests_total{operation="remove",outcome="ok"}': 1,
      'dms_soap_requests_total{operation="remove",outcome="Sender"}': 1,
      'dms_soap_requests_total{operation="-",outcome="415"}': 1,
      'dms_soap_request_seconds_bucket{operation="remove",le="0.0001"}': 1,
      'dms_soap_request_seconds_bucket{operation="remove",le="0.005"}': 2,
      'dms_soap_request_seconds_count{operation="remove"}': 2,
      'dms_soap_request_seconds_count{operation="-"}': 1,
    })
  })

  test('checkpoints count with their time and the bytes of their log', async () => {
    metrics.observer.checkpointed?.(1_000_000, 30)
    expect(Object.fromEntries(await read())).toMatchObject({
      dms_checkpoint_seconds_count: 1,
      dms_checkpoint_seconds_sum: 0.03,
      'dms_checkpoint_bytes_bucket{le="1048576"}': 1,
      dms_checkpoint_bytes_sum: 1_000_000,
    })
  })

  test('connections open and close by protocol, sessions are as many as was said last', async () => {
    const { observer } = metrics
    observer.opened?.('session')
    observer.opened?.('session')
    observer.closed?.('session')
    observer.sessions?.(3)
    observer.sessions?.(2)
    const series = await read()
    expect(series.get('dms_connections_open{protocol="session"}')).toBe(1)
    expect(series.get('dms_connections_total{protocol="session"}')).toBe(2)
    expect(series.get('dms_connections_open{protocol="legacy"}')).toBe(0)
    expect(series.get('dms_sessions_open')).toBe(2)
  })

  test('name no user, no address and no reason', async () => {
    const { observer } = metrics
    observer.request?.('CONNECT', user('romeo'), 'no-such-user')
    observer.gone?.(user('romeo'), 'gone without DISCONNECT')
    observer.refused?.('192.0.2.7', 'limit reached')
    observer.authenticationFailed?.(user('romeo'), '192.0.2.7', 'not-authenticated')
    observer.dialled?.('refused')
    observer.soapFault?.('b1946ac9', 'remove', 'no such operation', 'Sender')
    observer.internalError?.('commit', new Error('EIO'))
    observer.committed?.(1000, 4)
    const { text } = await metrics.read(well())
    expect(text).not.toMatch(/romeo|192\.0|gone without|limit reached|b1946|no such op|EIO/)
    const series = parseMetrics(text)
    for (const name of [
      'dms_sessions_gone_total',
      'dms_connections_refused_total',
      'dms_authentication_failures_total{code="not-authenticated"}',
      'dms_push_dials_total{outcome="refused"}',
      'dms_soap_faults_total{code="Sender"}',
      'dms_internal_errors_total',
      'dms_commit_seconds_count',
      'dms_commit_bytes_bucket{le="1024"}',
    ]) {
      expect([name, series.get(name)]).toEqual([name, 1])
    }
  })
})

describe('a weighted histogram', () => {
  test('counts a value as often as it is said to have come, in the first bucket that holds it and all above', async () => {
    const registry = new Registry()
    const sizes = new WeightedHistogram({ name: 'sizes_bytes', help: 'Sizes.', bounds: [1, 10] })
    sizes.register(registry)
    sizes.observe(1, 3)
    sizes.observe(10.5, 2)
    sizes.observe(4)
    expect(await registry.metrics()).toBe(
      [
        '# HELP sizes_bytes Sizes.',
        '# TYPE sizes_bytes histogram',
        'sizes_bytes_bucket{le="1"} 3',
        'sizes_bytes_bucket{le="10"} 4',
        'sizes_bytes_bucket{le="+Inf"} 6',
        'sizes_bytes_sum 28',
        'sizes_bytes_count 6',
        '',
      ].join('\n'),
    )
  })
})

describe('the event-loop delay', () => {
  test('a look in time found no delay, also when the timer was early', () => {
    expect([...delaysOf(20)]).toEqual([0])
    expect([...delaysOf(19.2)]).toEqual([0])
  })

  test('a standstill counts for everybody who would have come in it', () => {
    expect([...delaysOf(25)]).toEqual([5])
    expect([...delaysOf(110)]).toEqual([90, 70, 50, 30, 10])
  })
})

describe('the memory of surveys', () => {
  let time: number
  let taken: number
  let remembered: (take: () => Promise<Survey>) => Promise<Survey>

  /** A survey that takes so many milliseconds and finds as many items as there were surveys. */
  const taking = (milliseconds: number) => async (): Promise<Survey> => {
    taken++
    const items = taken
    await Promise.resolve()
    time += milliseconds
    return { ...NOTHING, items }
  }

  beforeEach(() => {
    time = 1000
    taken = 0
    remembered = createSurveyMemory(() => time)
  })

  test('a survey is good for five seconds', async () => {
    expect(await remembered(taking(10))).toMatchObject({ items: 1 })
    time += 4999
    expect(await remembered(taking(10))).toMatchObject({ items: 1 })
    time += 1
    expect(await remembered(taking(10))).toMatchObject({ items: 2 })
  })

  test('one that took long is good for twenty times as long', async () => {
    await remembered(taking(1000))
    time += 19_999
    expect(await remembered(taking(1000))).toMatchObject({ items: 1 })
    time += 1
    expect(await remembered(taking(1000))).toMatchObject({ items: 2 })
  })

  test('those who ask at the same time share one', async () => {
    const both = await Promise.all([remembered(taking(10)), remembered(taking(10))])
    expect(both).toMatchObject([{ items: 1 }, { items: 1 }])
  })

  test('one that failed is forgotten', async () => {
    await expect(remembered(async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await remembered(taking(10))).toMatchObject({ items: 1 })
  })
})
