import { Counter, Gauge, Registry } from 'prom-client'
import { Fault, type FaultCode } from '../domain/fault.ts'
import type { Item, MessageId } from '../domain/message.ts'
import type { Observer } from '../domain/observer.ts'
import type { Store, Survey } from '../domain/store.ts'
import { watchEventLoop } from './event-loop-delay.ts'
import { HistogramFamily } from './histogram-family.ts'
import { registerProcessMetrics } from './process-metrics.ts'
import { createSurveyMemory } from './survey-memory.ts'
import { WeightedHistogram } from './weighted-histogram.ts'

/** The metrics in Prometheus' text format. */
export interface MetricsText {
  readonly contentType: string
  readonly text: string
}

/** What counts, and who reads it. */
export interface Metrics {
  /** To be told of what happens. It wants no event that comes once a message. */
  readonly observer: Observer
  /** All metrics as they stand. Of a store that is not well, what waits in it is left out. */
  read(store: Pick<Store, 'survey' | 'failure'>): Promise<MetricsText>
  /** Ends the watch over the event loop. */
  close(): void
}

/** What metrics read the time from. */
export interface MetricsOptions {
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number
}

// Upper bounds, in seconds.
const SYNCED_BOUNDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
const DELIVERED_BOUNDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600, 3600, 86_400,
]
const LOOP_BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
const SOAP_BOUNDS = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60,
]
const CHECKPOINT_BOUNDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60]
// In bytes.
const CHECKPOINT_BYTES_BOUNDS = [
  65_536, 1_048_576, 4_194_304, 16_777_216, 33_554_432, 67_108_864, 268_435_456,
]
const COMMIT_BOUNDS = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216]

/** SENDs refused with these codes by a protocol itself: the service never saw them, so no `sent` tells of them. */
const REFUSED_BY_EDGES: ReadonlySet<string> = new Set<FaultCode>([
  'not-allowed',
  'invalid-request',
  'try-again',
])

/** Metrics for Prometheus, without user names, addresses or texts. docs/operations.md says what each is good for. */
export function createMetrics({ now }: MetricsOptions): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const histogram = (name: string, help: string, bounds: readonly number[]) =>
    new WeightedHistogram({ name, help, bounds }).register(registry)
  const counter = <T extends string = never>(name: string, help: string, ...labelNames: readonly T[]) =>
    new Counter<T>({ name, help, labelNames, registers })
  const gauge = <T extends string = never>(name: string, help: string, ...labelNames: readonly T[]) =>
    new Gauge<T>({ name, help, labelNames, registers })

  const requests = counter('dms_requests_total', 'Requests answered, by verb and outcome.', 'verb', 'outcome')
  const sendsAccepted = requests.labels('SEND', 'ok')
  const synced = histogram('dms_send_to_synced_seconds', 'From SEND to stored and synced.', SYNCED_BOUNDS)
  const delivered = histogram(
    'dms_accepted_to_delivered_seconds',
    'From accepting a message to the confirmation of its recipient, who may have been away.',
    DELIVERED_BOUNDS,
  )
  const commitSeconds = histogram('dms_commit_seconds', 'Writing and syncing one commit.', SYNCED_BOUNDS)
  const commitBytes = histogram('dms_commit_bytes', 'Bytes of the records of one commit.', COMMIT_BOUNDS)
  const checkpointSeconds = histogram(
    'dms_checkpoint_seconds',
    'Bringing what is in the log into the tree.',
    CHECKPOINT_BOUNDS,
  )
  const checkpointBytes = histogram(
    'dms_checkpoint_bytes',
    'Bytes of the log that a checkpoint brought into the tree.',
    CHECKPOINT_BYTES_BOUNDS,
  )
  const loopDelay = histogram(
    'dms_event_loop_delay_seconds',
    'How late the event loop takes up what has come.',
    LOOP_BOUNDS,
  )
  const connectionsOpen = gauge('dms_connections_open', 'Connections open, by protocol.', 'protocol')
  const connections = counter('dms_connections_total', 'Connections taken, by protocol.', 'protocol')
  const refused = counter('dms_connections_refused_total', 'Connections refused or cut at a limit.')
  const sessionsOpen = gauge('dms_sessions_open', 'Users present.')
  const gone = counter('dms_sessions_gone_total', 'Sessions that ended without DISCONNECT.')
  const failedAuthentications = counter(
    'dms_authentication_failures_total',
    'Attempts to authenticate that failed (not-authenticated), or were not let through at the limit (try-again).',
    'code',
  )
  const dials = counter('dms_push_dials_total', 'Clients of the original protocol dialled back.', 'outcome')
  const soapRequests = counter(
    'dms_soap_requests_total',
    'SOAP requests answered, by operation and outcome.',
    'operation',
    'outcome',
  )
  /** Results by operation that `soapRequests` is not told of yet: it makes a text of its labels each time, which is garbage with each call. */
  const soapResults = new Map<string, number>()
  const soapSeconds = new HistogramFamily({
    name: 'dms_soap_request_seconds',
    help: 'From the whole SOAP request to its answer, by operation.',
    bounds: SOAP_BOUNDS,
    label: 'operation',
  }).register(registry)
  const soapFaults = counter(
    'dms_soap_faults_total',
    'SOAP requests answered with a fault, or refused with an HTTP status.',
    'code',
  )
  const internalErrors = counter('dms_internal_errors_total', 'What should not happen; the log has it.')
  const healthy = gauge('dms_store_healthy', '1 while the store takes messages, 0 while it refuses.')
  const accounts = gauge('dms_accounts', 'Registered users.')
  const waiting = gauge('dms_waiting_items', 'Messages and receipts that wait in mailboxes.')
  const waitingBytes = gauge('dms_waiting_bytes', 'Bytes of text that wait in mailboxes.')
  const largest = gauge('dms_waiting_largest_mailbox_items', 'Messages and receipts in the largest mailbox.')
  const oldest = gauge('dms_waiting_oldest_message_seconds', 'Age of the oldest message that waits; 0: none.')
  registerProcessMetrics(registry)

  // A series that is there from the start shows its first event as a rise.
  for (const protocol of ['session', 'legacy', 'http', 'https']) {
    connectionsOpen.set({ protocol }, 0)
    connections.inc({ protocol }, 0)
  }
  for (const code of ['not-authenticated', 'try-again']) failedAuthentications.inc({ code }, 0)
  sendsAccepted.inc(0)
  for (const outcome of ['delivered', 'refused', 'failed']) dials.inc({ outcome }, 0)

  const remembered = createSurveyMemory(() => performance.now())
  const unwatch = watchEventLoop((seconds) => loopDelay.observe(seconds))

  return {
    observer: {
      request(verb, _user, outcome) {
        if (verb !== 'SEND' || REFUSED_BY_EDGES.has(outcome)) requests.inc({ verb, outcome })
      },
      sent,
      confirmed,
      committed(bytes, milliseconds) {
        commitBytes.observe(bytes)
        commitSeconds.observe(milliseconds / 1000)
      },
      checkpointed(bytes, milliseconds) {
        checkpointBytes.observe(bytes)
        checkpointSeconds.observe(milliseconds / 1000)
      },
      sessions: (open) => sessionsOpen.set(open),
      opened(protocol) {
        connectionsOpen.inc({ protocol })
        connections.inc({ protocol })
      },
      closed: (protocol) => connectionsOpen.dec({ protocol }),
      refused: () => refused.inc(),
      gone: () => gone.inc(),
      authenticationFailed: (_user, _source, code) => failedAuthentications.inc({ code }),
      dialled: (outcome) => dials.inc({ outcome }),
      soapAnswered(operation, outcome, milliseconds) {
        if (outcome === 'ok') soapResults.set(operation, (soapResults.get(operation) ?? 0) + 1)
        else soapRequests.inc({ operation, outcome })
        soapSeconds.of(operation).observe(milliseconds / 1000)
      },
      soapFault: (_correlationId, _operation, _why, code) => soapFaults.inc({ code }),
      internalError: () => internalErrors.inc(),
    },

    async read(store) {
      healthy.set(store.failure() === undefined ? 1 : 0)
      const survey = await remembered(() => store.survey()).catch(unlessUnavailable)
      if (survey === undefined) {
        // Without a value rather than with an old one.
        for (const metric of [accounts, waiting, waitingBytes, largest, oldest]) metric.remove()
      } else {
        accounts.set(survey.accounts)
        waiting.set(survey.items)
        waitingBytes.set(survey.bytes)
        largest.set(survey.largest)
        oldest.set(survey.oldest === undefined ? 0 : secondsSince(survey.oldest))
      }
      for (const [operation, count] of soapResults) soapRequests.inc({ operation, outcome: 'ok' }, count)
      soapResults.clear()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },

    close: unwatch,
  }

  function sent(outcomes: readonly (MessageId | Fault)[], milliseconds: number): void {
    let accepted = 0
    for (const outcome of outcomes) {
      if (typeof outcome === 'number') accepted++
      else requests.inc({ verb: 'SEND', outcome: outcome.code })
    }
    if (accepted === 0) return
    sendsAccepted.inc(accepted)
    synced.observe(milliseconds / 1000, accepted)
  }

  /** What was accepted at the same time, as a batch is, is observed together. */
  function confirmed(items: readonly Item[]): void {
    let acceptedAt = 0
    let count = 0
    for (const item of items) {
      if (item.kind !== 'message') continue
      if (item.acceptedAt !== acceptedAt) {
        if (count > 0) delivered.observe(secondsSince(acceptedAt), count)
        acceptedAt = item.acceptedAt
        count = 0
      }
      count++
    }
    if (count > 0) delivered.observe(secondsSince(acceptedAt), count)
  }

  /** Never less than nothing, wherever the clock was set to. */
  function secondsSince(time: number): number {
    return Math.max(0, now() - time) / 1000
  }
}

/** A store that is not well refuses a survey: that is known otherwise. Anything else is an error. */
function unlessUnavailable(error: unknown): Survey | undefined {
  if (error instanceof Fault && error.code === 'unavailable') return undefined
  throw error
}
