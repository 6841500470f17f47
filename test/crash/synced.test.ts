import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '../support/describe-with.ts'
import { startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { askLegacy } from './legacy-request.ts'
import { bytesOf, fileOf, readStrace, type SystemCall, underStrace } from './strace.ts'

const DELAY_MS = 300
const WRITES: ReadonlySet<string> = new Set(['write', 'writev', 'pwrite64', 'pwritev'])
const SYNCS: ReadonlySet<string> = new Set(['fdatasync', 'fsync'])

/** A text that no other file which the server reads has in it. */
const text = (i: number): string => `message ${i} of ten that wait for the disk`

/** Reliability R4, wire-protocol 3, 1. The disk is slow, and the order of the server's system calls is looked at: no clock is asked, save for the delay itself. */
describeWith('strace')('an acknowledgement waits for the disk', () => {
  let calls: SystemCall[]
  let folder: string

  beforeAll(async () => {
    folder = await makeTempFolder()
    const log = join(await makeTempFolder(), 'calls')
    const tracing = {
      log,
      calls: ['read', ...WRITES, ...SYNCS],
      inject: [`${[...SYNCS].join()}:delay_enter=${DELAY_MS}ms`],
    }
    const server = await startServerProcess({ folder, under: underStrace(tracing) })
    try {
      const address = { host: '127.0.0.1', port: server.port }
      for (const user of ['ann', 'bob']) await askLegacy(address, 'REGISTER', user)
      await askLegacy(address, 'CONNECT', 'ann', '65001')
      // The first has the disk to itself; the others come while it is busy, and share what follows.
      const sends = [askLegacy(address, 'SEND', 'ann', 'bob', text(0))]
      await written(text(0), log)
      for (let i = 1; i < 10; i++) sends.push(askLegacy(address, 'SEND', 'ann', 'bob', text(i)))
      const replies = await Promise.all(sends)
      expect(replies.map(([code]) => code)).toEqual(replies.map(() => 0))
    } finally {
      server.signal('SIGTERM')
      await server.ended
    }
    calls = readStrace(log)
  }, 60_000)

  afterAll(removeTempFolders)

  test.each(Array.from({ length: 10 }, (_, i) => [text(i)]))(
    '%s: read, written, synced, and only then answered',
    (sent) => {
      const read = found(sent, ({ name }) => name === 'read')
      const reply = calls.find(
        (call) => call.name === 'write' && fileOf(call) === fileOf(read) && call.began > read.ended,
      ) as SystemCall
      const write = found(
        sent,
        (call) => WRITES.has(call.name) && fileOf(call).startsWith(folder) && call.began > read.ended,
      )
      const sync = calls.find(
        (call) => SYNCS.has(call.name) && fileOf(call) === fileOf(write) && call.began > write.ended,
      ) as SystemCall
      expect(sync.result).toBe(0)
      expect(sync.ended).toBeLessThan(reply.began)
      // The delay comes before the call, so this is less than the truth.
      expect((reply.beganAt - read.endedAt) * 1000).toBeGreaterThanOrEqual(DELAY_MS)
    },
  )

  test('those that came while the disk was busy shared a sync', () => {
    const first = found(text(1), ({ name }) => name === 'read').began
    const last = Math.max(
      ...calls.filter((call) => bytesOf(call).includes('message')).map(({ ended }) => ended),
    )
    const syncs = calls.filter((call) => SYNCS.has(call.name) && call.began > first && call.ended <= last)
    expect(syncs.length).toBeLessThan(9)
  })

  function found(part: string, condition: (call: SystemCall) => boolean): SystemCall {
    return calls.find((call) => condition(call) && bytesOf(call).includes(part)) as SystemCall
  }
})

/** Resolves when the text stands in the log: the server has written it, and waits for the disk. */
async function written(part: string, log: string): Promise<void> {
  const hexadecimal = [...Buffer.from(part)].map((byte) => `\\x${byte.toString(16)}`).join('')
  while (readFileSync(log, 'latin1').split(hexadecimal).length < 3)
    await new Promise((resolve) => setImmediate(resolve))
}
