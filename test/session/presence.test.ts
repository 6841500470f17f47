import type { Store } from '../../src/domain/store.ts'
import { BACKEND_NAMES, createSessionBed, type SessionBed } from '../support/session-bed.ts'
import type { SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

describe.each(BACKEND_NAMES)('who is present, over %s', (backend) => {
  let bed: SessionBed

  beforeEach(async () => {
    bed = await createSessionBed({ backend })
  })
  afterEach(async () => {
    await bed.close()
    await removeTempFolders()
  })

  const connectAs = (peer: SessionPeer, user: string, mode = '') => peer.ask('CONNECT', user, mode)

  test('a takeover ends the session that was there, after its SENDs are answered, with BYE and the close', async () => {
    const first = await bed.join('ann')
    const second = await bed.open()
    first.send(['SEND', 's', 'ann', 'mine'])
    expect((await connectAs(second, 'ann', 'takeover'))[0]).toBe('OK')
    expect(await first.reply('s')).toEqual(['OK', '0'])
    expect(await first.take('BYE')).toEqual(['BYE', 'takeover'])
    await first.closed
    expect(first.frames.at(-1)).toEqual(['BYE', 'takeover'])
    expect((await second.take('SEND_MESSAGE')).at(-1)).toBe('mine')
  })

  test('a takeover where nobody is present is a CONNECT', async () => {
    const peer = await bed.open()
    await peer.ask('REGISTER', 'ann', '')
    expect(await connectAs(peer, 'ann', 'takeover')).toEqual(['OK', '0'])
  })

  test('of many that take over at once each ends another, and one is left', async () => {
    const first = await bed.join('ann')
    const peers = await Promise.all(Array.from({ length: 8 }, () => bed.open()))
    const replies = await Promise.all(peers.map((peer) => connectAs(peer, 'ann', 'takeover')))
    expect(replies.map(([outcome]) => outcome)).toEqual(Array(8).fill('OK'))
    const ended = [first, ...peers].map((peer) => peer.closed.then(() => peer.frames.at(-1)))
    const last = await bed.open()
    expect((await connectAs(last, 'ann'))[1]).toBe('already-connected')
    expect((await connectAs(last, 'ann', 'takeover'))[0]).toBe('OK')
    expect(await Promise.all(ended)).toEqual(Array(9).fill(['BYE', 'takeover']))
    expect((await last.ask('SEND', 'ann', 'still here'))[0]).toBe('OK')
    expect((await last.take('SEND_MESSAGE')).at(-1)).toBe('still here')
  })

  describe('with a token', () => {
    const MINE = 'a-token-of-my-own'

    test('a client ends its own session, which it has lost, and no other', async () => {
      const first = await bed.open()
      await first.ask('REGISTER', 'ann', '')
      expect(await connectAs(first, 'ann', `resume:${MINE}`)).toEqual(['OK', '0'])
      const stranger = await bed.open()
      expect((await connectAs(stranger, 'ann', 'resume:another-token-altogether'))[1]).toBe(
        'already-connected',
      )
      expect((await connectAs(stranger, 'ann'))[1]).toBe('already-connected')
      const again = await bed.open()
      expect(await connectAs(again, 'ann', `resume:${MINE}`)).toEqual(['OK', '0'])
      expect(await first.take('BYE')).toEqual(['BYE', 'takeover'])
      expect((await connectAs(stranger, 'ann', 'takeover'))[0]).toBe('OK')
      const late = await bed.open()
      expect((await connectAs(late, 'ann', `resume:${MINE}`))[1]).toBe('already-connected')
    })

    test('a takeover is known again, too', async () => {
      await bed.join('ann')
      const [first, again] = [await bed.open(), await bed.open()]
      expect((await connectAs(first, 'ann', `takeover:${MINE}`))[0]).toBe('OK')
      expect((await connectAs(again, 'ann', `resume:${MINE}`))[0]).toBe('OK')
      expect(await first.take('BYE')).toEqual(['BYE', 'takeover'])
    })

    test.each([
      'resume',
      'resume:',
      'resume:too-short',
      `resume:${'x'.repeat(65)}`,
      'resume:with a blank in it',
      ':',
    ])('a mode of %j is refused', async (mode) => {
      const peer = await bed.open()
      await peer.ask('REGISTER', 'ann', '')
      expect((await connectAs(peer, 'ann', mode))[1]).toBe('invalid-request')
    })
  })

  test('whoever closes, or breaks off, is not present any more', async () => {
    const watcher = await bed.join('watcher')
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const ann = await bed.join('ann')
      ann.socket[leave]()
      await ann.closed
      // The server learns of it a moment later.
      while ((await watcher.ask('USERS', 'ann'))[1] !== 'ann offline');
    }
  })

  test('an UNREGISTER by another connection says goodbye to the session that is there', async () => {
    const ann = await bed.join('ann')
    await bed.messaging.unregister({ name: 'ann' as never, proof: '' as never })
    expect(await ann.take('BYE')).toEqual(['BYE', 'unregistered'])
    await ann.closed
  })

  test('a shutdown says goodbye to everybody, connected or not, and closes', async () => {
    const ann = await bed.join('ann')
    const nobody = await bed.open()
    const stopped = bed.stop()
    for (const peer of [ann, nobody]) {
      expect(await peer.take('BYE')).toEqual(['BYE', 'shutdown'])
      await peer.closed
      expect(peer.frames.at(-1)).toEqual(['BYE', 'shutdown'])
    }
    await stopped
  })
})

/** A store whose next appends wait until they are let through. */
function createGate(): { wrap(store: Store): Store; readonly waiting: number; open(): void; shut(): void } {
  let held: (() => void)[] | undefined
  let waiting = 0
  return {
    wrap: (store) => ({
      ...store,
      async append(envelopes) {
        waiting += envelopes.length
        if (held !== undefined) await new Promise<void>((resolve) => held?.push(resolve))
        waiting -= envelopes.length
        return store.append(envelopes)
      },
    }),
    get waiting() {
      return waiting
    },
    shut() {
      held = []
    },
    open() {
      const all = held ?? []
      held = undefined
      for (const resume of all) resume()
    },
  }
}

describe('while the store takes its time', () => {
  const gate = createGate()
  let bed: SessionBed

  beforeEach(async () => {
    bed = await createSessionBed({ wrapStore: gate.wrap, window: 4 })
  })
  afterEach(async () => {
    gate.open()
    await bed.close()
  })

  test('a shutdown waits for the SENDs under way, answers them, and only then says goodbye', async () => {
    const ann = await bed.join('ann')
    gate.shut()
    ann.send(['SEND', 's1', 'ann', 'one'], ['SEND', 's2', 'nobody', 'two'])
    while (gate.waiting < 2) await new Promise((resolve) => setImmediate(resolve))
    const stopped = bed.stop()
    await new Promise((resolve) => setImmediate(resolve))
    expect(ann.frames.map(([operation]) => operation)).not.toContain('BYE')
    gate.open()
    await ann.closed
    await stopped
    const answers = ann.frames.slice(-3)
    expect(answers.slice(0, 2).map((frame) => frame[1])).toEqual(expect.arrayContaining(['s1', 's2']))
    expect(answers[2]).toEqual(['BYE', 'shutdown'])
  })

  test('nothing more is read from a connection with a window of unanswered requests, and others are served', async () => {
    const ann = await bed.join('ann')
    const bob = await bed.join('bob')
    gate.shut()
    ann.send(...[1, 2, 3, 4].map((n) => ['SEND', `s${n}`, 'ann', `text ${n}`]))
    while (gate.waiting < 4) await new Promise((resolve) => setImmediate(resolve))
    ann.send(['PING', 'p'])
    // Bob's answers come from the same server, later than a read of Ann's PING would.
    for (let n = 0; n < 10; n++) expect(await bob.ask('PING')).toEqual(['OK', ''])
    expect(ann.frames.map((frame) => frame[1])).not.toContain('p')
    gate.open()
    expect(await ann.reply('p')).toEqual(['OK', ''])
    for (const n of [1, 2, 3, 4]) expect((await ann.reply(`s${n}`))[0]).toBe('OK')
  })

  test('replies come in another order than the requests: a PING behind a SEND is answered first', async () => {
    const ann = await bed.join('ann')
    gate.shut()
    ann.send(['SEND', 's', 'ann', 'one'], ['PING', 'p'])
    expect(await ann.reply('p')).toEqual(['OK', ''])
    gate.open()
    expect(await ann.reply('s')).toEqual(['OK', '0'])
  })
})
