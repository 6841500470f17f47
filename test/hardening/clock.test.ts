import { BACKEND_NAMES, createSessionBed, type SessionBed } from '../support/session-bed.ts'
import type { SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR
const START = Date.UTC(2024, 1, 29, 12)

/** Forwards and back, by an hour and by a year, across a leap day, to before 1970 and to where ISO 8601 takes more digits. */
const JUMPS = [0, HOUR, -HOUR, YEAR, -YEAR, -60 * YEAR, 10_000 * YEAR, 1]

/** Reliability R7. */
describe.each(BACKEND_NAMES)('a clock that jumps, over %s', (backend) => {
  let time = START
  let bed: SessionBed

  beforeEach(async () => {
    time = START
    bed = await createSessionBed({ backend, now: () => time })
  })
  afterEach(async () => {
    await bed.close()
    await removeTempFolders()
  })

  const jumpAndSend = async (ann: SessionPeer, recipient: string) => {
    const ids: number[] = []
    for (const jump of JUMPS) {
      time = START + jump
      const [outcome, id] = await ann.ask('SEND', recipient, String(jump))
      expect(outcome).toBe('OK')
      ids.push(Number(id))
    }
    return ids
  }

  test('changes neither the order nor the ids of messages; each tells the time that the clock showed', async () => {
    const ann = await bed.join('ann')
    const bob = await bed.join('bob')
    expect(await jumpAndSend(ann, 'bob')).toEqual(JUMPS.map((_, n) => n))
    const messages = await bob.takeAll('SEND_MESSAGE', JUMPS.length)
    expect(messages.map((frame) => frame.at(-1))).toEqual(JUMPS.map(String))
    const seqs = messages.map(([, seq]) => Number(seq))
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    expect(new Set(seqs).size).toBe(JUMPS.length)
    expect(messages.map((frame) => Date.parse(frame[4] as string))).toEqual(JUMPS.map((jump) => START + jump))
  })

  test('lets nothing that waits expire: messages, receipts, refs', async () => {
    const ann = await bed.join('ann')
    await (await bed.join('bob')).ask('DISCONNECT')
    ann.send(['SEND', 'ref', 'bob', 'first'])
    await ann.reply('ref')
    await jumpAndSend(ann, 'bob')
    await ann.ask('DISCONNECT')
    time = START + 100 * YEAR
    if (backend === 'lmdb') await bed.restart()
    const bob = await bed.open()
    expect(await bob.ask('CONNECT', 'bob', 'takeover')).toEqual(['OK', String(JUMPS.length + 1)])
    for (const text of ['first', ...JUMPS.map(String)]) {
      const message = await bob.take('SEND_MESSAGE')
      expect(message.at(-1)).toBe(text)
      bob.confirm(message)
    }
    time = START - YEAR
    const again = await bed.open()
    await again.ask('CONNECT', 'ann', 'takeover')
    again.send(['SEND', 'ref', 'bob', 'first'])
    expect(await again.reply('ref')).toEqual(['OK', '0'])
    const receipts = await again.takeAll('SEND_MESS_ACK', JUMPS.length + 1)
    expect(receipts.map(([, , id]) => Number(id))).toEqual([0, ...JUMPS.map((_, n) => n + 1)])
  })
})
