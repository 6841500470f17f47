/** What runs in the thread that dials: takes orders, pushes, and reports, those of one turn of the event loop together. */
import { parentPort } from 'node:worker_threads'
import type { PushOrder, PushReport } from './dial-thread.ts'
import { dialAndPush } from './push-dial.ts'

let reports: PushReport[] = []

parentPort?.on('message', (orders: readonly PushOrder[]) => {
  for (const order of orders) void carryOut(order)
})

async function carryOut({ id, address, port, text, readMs }: PushOrder): Promise<void> {
  const outcome = await dialAndPush({ address, port, bytes: Buffer.from(text, 'latin1'), readMs })
  if (reports.push([id, outcome]) === 1) setImmediate(report)
}

function report(): void {
  parentPort?.postMessage(reports)
  reports = []
}
