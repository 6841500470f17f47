import type { Store } from '../../src/domain/store.ts'
import { openPushListener, type PushListener } from '../support/legacy-wire.ts'
import { createSessionBed, type SessionBed } from '../support/session-bed.ts'

/** Some messages more than may be delivered without a synced confirmation. */
const MESSAGES = 40
const MOST = 32

let sync: () => void
let bed: SessionBed
let listener: PushListener
let heard: string[]
let more: () => void

beforeEach(async () => {
  const synced = new Promise<void>((resolve) => {
    sync = resolve
  })
  const wrapStore = (store: Store): Store => ({
    ...store,
    confirm: (user, seq) => synced.then(() => store.confirm(user, seq)),
  })
  bed = await createSessionBed({ wrapStore })
  heard = []
  more = () => {}
  listener = await openPushListener((line) => {
    heard.push(line)
    more()
  })
  const romeo = await bed.join('romeo')
  expect(await bed.legacy('REGISTER', 'juliet')).toEqual([0])
  for (let n = 0; n < MESSAGES; n++) expect((await romeo.ask('SEND', 'juliet', String(n)))[0]).toBe('OK')
  expect(await bed.legacy('CONNECT', 'juliet', String(listener.port))).toEqual([0])
  await heardSoMany(MOST)
})
afterEach(async () => {
  await bed.close()
  await listener.close()
})

async function heardSoMany(count: number): Promise<void> {
  while (heard.length < count) {
    await new Promise<void>((resolve) => {
      more = resolve
    })
  }
}

test('a client of the original protocol is sent no more than 32 messages before their confirmations are on disk', async () => {
  // Each of these takes as long as several deliveries would.
  for (let n = 0; n < 20; n++) expect(await bed.legacy('REGISTER', 'juliet')).toEqual([1])
  expect(heard).toHaveLength(MOST)
  sync()
  await heardSoMany(MESSAGES)
  expect(heard).toEqual(Array.from({ length: MESSAGES }, (_, n) => `romeo: ${n}`))
})

test('waiting for that holds up neither a DISCONNECT nor the next CONNECT', async () => {
  expect(await bed.legacy('DISCONNECT', 'juliet')).toEqual([0])
  expect(await bed.legacy('CONNECT', 'juliet', String(listener.port))).toEqual([0])
  sync()
})
