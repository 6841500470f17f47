import { BACKEND_NAMES, createSessionBed, type SessionBed } from '../support/session-bed.ts'
import type { SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

const TEXT = 'x'.repeat(60_000)
const MESSAGES = 300

/** Reliability R5: what waits for a peer that does not read is bounded, and nobody else waits for it. */
describe.each(BACKEND_NAMES)('a peer that does not read, over %s', (backend) => {
  let bed: SessionBed
  let ann: SessionPeer
  let bob: SessionPeer
  const refusals: string[] = []

  async function setUp(heartbeatSeconds: number): Promise<void> {
    refusals.length = 0
    const observer = { refused: (_address: string, why: string) => void refusals.push(why) }
    bed = await createSessionBed({
      backend,
      maxUnreadBytes: 65_536,
      heartbeatSeconds,
      observer,
      window: 1000,
    })
    ann = await bed.join('ann')
    bob = await bed.join('bob')
  }

  afterEach(async () => {
    await bed.close()
    await removeTempFolders()
  })

  const fill = async () => {
    for (let n = 0; n < MESSAGES; n++) ann.send(['SEND', `s${n}`, 'bob', `${n} ${TEXT}`])
    for (let n = 0; n < MESSAGES; n++) expect((await ann.reply(`s${n}`))[0]).toBe('OK')
  }

  test('has no more waiting in the server than the limit and one reading; when it reads, everything comes in order', async () => {
    await setUp(30)
    bob.socket.pause()
    await fill()
    // Beyond what the system's own buffers hold; 18 MB were sent.
    expect(bed.unreadBytes()).toBeGreaterThan(65_536)
    expect(bed.unreadBytes()).toBeLessThan(4_000_000)
    bob.socket.resume()
    for (let n = 0; n < MESSAGES; n++) {
      const [, seq = '', , , , text = ''] = await bob.take('SEND_MESSAGE')
      expect(text.slice(0, 4)).toBe(`${n} ${TEXT}`.slice(0, 4))
      bob.send(['ACK', seq])
    }
  })

  test('is not read from either, so that its requests do not pile up answers', async () => {
    await setUp(30)
    bob.socket.pause()
    await fill()
    bob.send(['REGISTER', 'r', 'carl', ''])
    for (let n = 0; n < 20; n++) await ann.ask('PING')
    expect(await ann.ask('USERS', 'carl')).toEqual(['OK', ''])
    bob.socket.resume()
    expect(await bob.reply('r')).toEqual(['OK', ''])
  })

  test('is cut after two heartbeats in which it reads nothing; what it did not confirm waits', async () => {
    await setUp(0.5)
    await bob.close()
    // Somebody who speaks all the time is never silent.
    const chatter = setInterval(() => ann.send(['PONG', 0]), 100)
    await fill()
    clearInterval(chatter)
    bob = await bed.open()
    bob.send(['CONNECT', 'c', 'bob', 'takeover'])
    bob.socket.pause()
    while ((await ann.ask('USERS', 'bob'))[1] !== 'bob offline');
    expect(refusals).toEqual(['reads nothing'])
    const again = await bed.open()
    expect(await again.ask('CONNECT', 'bob', '')).toEqual(['OK', String(MESSAGES)])
  })
})
