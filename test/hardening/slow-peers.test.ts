import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { dialSessionPeer, type SessionPeer } from '../support/session-peer.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { MANNERS, openSlowPeers, ownMemory } from './slow-peers.ts'

const COUNT = 400
/** SENDs on their way at a time, so that they share syncs: who is deaf is to be there still when the last of them is stored. */
const AT_ONCE = 25
const MEGABYTE = 1024 * 1024

/** Reliability R5, in short; `npm run soak:slow` is the long one, with figures. */
describe('peers that waste the server’s time', () => {
  let server: ServerProcess

  beforeAll(async () => {
    const flags = [
      '--request-timeout',
      '1',
      '--heartbeat',
      '2',
      '--max-unread-bytes',
      '65536',
      '--window',
      '1000',
    ]
    server = await startServerProcess({ folder: await makeTempFolder(), flags })
  })
  afterAll(async () => {
    await server.kill()
    await removeTempFolders()
  })

  async function join(user: string): Promise<SessionPeer> {
    const peer = await dialSessionPeer(server.port)
    peer.send(['SESSION', 1], ['REGISTER', 'r', user, ''], ['CONNECT', 'c', user, 'takeover'])
    expect((await peer.reply('c'))[0]).toBe('OK')
    return peer
  }

  /** Somebody sends to himself until it is over, and gets everything. */
  async function live(user: string, until: Promise<unknown>): Promise<number> {
    const peer = await join(user)
    let over = false
    void until.then(() => {
      over = true
    })
    let sent = 0
    while (!over) {
      expect((await peer.ask('SEND', user, `text ${sent}`))[0]).toBe('OK')
      const message = await peer.take('SEND_MESSAGE')
      expect(message.at(-1)).toBe(`text ${sent}`)
      peer.confirm(message)
      peer.confirm(await peer.take('SEND_MESS_ACK'))
      sent++
    }
    await peer.close()
    return sent
  }

  test(`${COUNT} at once are all cut at the deadline, cost little memory, and others are served meanwhile`, async () => {
    const before = ownMemory(server.pid)
    const manners = Object.keys(MANNERS) as (keyof typeof MANNERS)[]
    const slow = await openSlowPeers({ port: server.port, count: COUNT, manners, everyMs: 50 })
    try {
      expect(await live('ann', slow.allCut)).toBeGreaterThan(0)
      expect(slow.cut).toBe(COUNT)
      expect(ownMemory(server.pid) - before).toBeLessThan(100 * MEGABYTE)
    } finally {
      slow.close()
    }
  })

  test('who is present and never reads costs no more than what may wait, and is cut; what was sent waits', async () => {
    const deaf = await join('deaf')
    deaf.socket.pause()
    const sender = await join('sender')
    const text = 'x'.repeat(60_000)
    const send = async (count: number) => {
      for (let n = 0; n < count; n += AT_ONCE) {
        const sends = Array.from({ length: AT_ONCE }, () => sender.ask('SEND', 'deaf', text))
        for (const [outcome] of await Promise.all(sends)) expect(outcome).toBe('OK')
      }
    }
    // A heap, a log and a store that are warm first; what comes then, 120 MB, would all have to stay if anything stayed.
    await send(2000)
    const before = ownMemory(server.pid)
    await send(2000)
    // Two times what begins a checkpoint may be in memory, on its way from the log into the tree, at one moment and not at another.
    expect(ownMemory(server.pid) - before).toBeLessThan(64 * MEGABYTE)
    await sender.close()
    await server.logged('gone', 'deaf')
    const again = await dialSessionPeer(server.port)
    again.send(['SESSION', 1])
    expect(await again.ask('CONNECT', 'deaf', '')).toEqual(['OK', '4000'])
    for (const peer of [deaf, again]) await peer.close()
  }, 60_000)
})
