import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { DialOutcome, Observer } from '../domain/observer.ts'
import type { Dial } from './push-dial.ts'

/** A push on its way to the thread. Its bytes go as a string: a buffer would be copied with all of the memory that it is a piece of. */
export interface PushOrder {
  readonly id: number
  readonly address: string
  readonly port: number
  readonly text: string
  readonly readMs: number
}

/** What became of a push. */
export type PushReport = readonly [id: number, outcome: DialOutcome]

/** Dials from a thread of its own. */
export interface DialThread {
  readonly dial: Dial
  /** Ends the thread; what it was dialling has failed. */
  close(): Promise<void>
}

/** It only ever holds what is being pushed. */
const RESOURCES = { maxYoungGenerationSizeMb: 8 }

/**
 * Pushes of the original protocol, made by a second thread: dialling is most of what one of its messages costs, and the thread
 * that serves all the others is the one that gets full. It starts with the first push, and again should it ever fail.
 *
 * @param execArgv Node's flags for the thread, as for a child process.
 */
export function createDialThread(observer: Observer, execArgv = process.execArgv): DialThread {
  const pending = new Map<number, (outcome: DialOutcome) => void>()
  let worker: Worker | undefined
  let orders: PushOrder[] = []
  let lastId = 0

  return {
    dial: ({ address, port, bytes, readMs }) =>
      new Promise((resolve) => {
        const id = ++lastId
        pending.set(id, resolve)
        // Those of one turn of the event loop go together.
        if (orders.push({ id, address, port, text: bytes.toString('latin1'), readMs }) === 1)
          setImmediate(send)
      }),
    async close() {
      await worker?.terminate()
    },
  }

  function send(): void {
    worker ??= start()
    worker.postMessage(orders)
    orders = []
  }

  function start(): Worker {
    const entry = new URL(`dial-thread-entry${extname(import.meta.url)}`, import.meta.url)
    const started = new Worker(entry, { resourceLimits: RESOURCES, execArgv })
    started.unref()
    started.on('message', (reports: readonly PushReport[]) => {
      for (const [id, outcome] of reports) settle(id, outcome)
    })
    started.on('error', (error) => observer.internalError?.('dial', error))
    started.on('exit', () => {
      worker = undefined
      for (const id of pending.keys()) settle(id, 'failed')
    })
    return started
  }

  function settle(id: number, outcome: DialOutcome): void {
    const resolve = pending.get(id)
    pending.delete(id)
    resolve?.(outcome)
  }
}
