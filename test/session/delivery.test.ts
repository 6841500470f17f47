import { BACKEND_NAMES, createSessionBed, type SessionBed } from '../support/session-bed.ts'
import type { ServerFrame, SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

const WINDOW = 4

describe.each(BACKEND_NAMES)('delivery to a session, over %s', (backend) => {
  let bed: SessionBed
  let ann: SessionPeer
  let bob: SessionPeer

  beforeEach(async () => {
    bed = await createSessionBed({ backend, window: WINDOW })
    ann = await bed.join('ann')
    bob = await bed.join('bob')
  })
  afterEach(async () => {
    await bed.close()
    await removeTempFolders()
  })

  const send = async (...texts: readonly string[]) => {
    for (const text of texts) expect((await ann.ask('SEND', 'bob', text))[0]).toBe('OK')
  }
  const textOf = (frame: ServerFrame | undefined) => frame?.at(-1)
  const seqOf = (frame: ServerFrame | undefined) => Number(frame?.[1])
  const comeBack = async (): Promise<SessionPeer> => {
    await bob.close()
    bob = await bed.open()
    expect((await bob.ask('CONNECT', 'bob', 'takeover'))[0]).toBe('OK')
    return bob
  }
  /** Whatever was on its way to this peer has come: the answer to a PING comes behind it. */
  const settle = async (peer: SessionPeer) => expect(await peer.ask('PING')).toEqual(['OK', ''])
  const texts = (peer: SessionPeer) =>
    peer.frames.filter(([operation]) => operation === 'SEND_MESSAGE').map(textOf)

  test('seq only grows, over messages and receipts', async () => {
    await send('one', 'two')
    await bob.ask('SEND', 'ann', 'three')
    const [one, two] = await bob.takeAll('SEND_MESSAGE', 2)
    const three = await ann.take('SEND_MESSAGE')
    ann.send(['ACK', seqOf(three)])
    const receipt = await bob.take('SEND_MESS_ACK')
    expect(seqOf(one)).toBeLessThan(seqOf(two))
    expect(seqOf(two)).toBeLessThan(seqOf(receipt))
  })

  test('a receipt tells id, ref and recipient, once the recipient has confirmed and not before', async () => {
    ann.send(['SEND', 'réf', 'bob', 'one'])
    expect(await ann.reply('réf')).toEqual(['OK', '0'])
    const message = await bob.take('SEND_MESSAGE')
    await settle(ann)
    expect(ann.frames.some(([operation]) => operation === 'SEND_MESS_ACK')).toBe(false)
    bob.send(['ACK', seqOf(message)])
    expect((await ann.take('SEND_MESS_ACK')).slice(2)).toEqual(['0', 'réf', 'bob'])
  })

  test('a receipt waits for its sender', async () => {
    await send('one')
    await ann.ask('DISCONNECT')
    bob.send(['ACK', seqOf(await bob.take('SEND_MESSAGE'))])
    await settle(bob)
    expect(await ann.ask('CONNECT', 'ann', '')).toEqual(['OK', '1'])
    expect((await ann.take('SEND_MESS_ACK')).at(-1)).toBe('bob')
  })

  test('no more than the window is in flight, and each ACK makes room for as many as it confirms', async () => {
    const all = Array.from({ length: 10 }, (_, n) => `text ${n}`)
    await send(...all)
    const first = await bob.takeAll('SEND_MESSAGE', WINDOW)
    await settle(bob)
    expect(texts(bob)).toEqual(all.slice(0, WINDOW))
    bob.send(['ACK', seqOf(first[1])])
    const more = await bob.takeAll('SEND_MESSAGE', 2)
    await settle(bob)
    expect(texts(bob)).toEqual(all.slice(0, WINDOW + 2))
    bob.send(['ACK', seqOf(more[1])])
    await bob.takeAll('SEND_MESSAGE', 4)
    expect(texts(bob)).toEqual(all)
  })

  test('an ACK is cumulative; what it confirms again, or 0, changes nothing', async () => {
    await send('one', 'two', 'three')
    const [, two, three] = await bob.takeAll('SEND_MESSAGE', 3)
    bob.send(['ACK', seqOf(two)], ['ACK', 0], ['ACK', seqOf(two)], ['ACK', 1])
    await ann.takeAll('SEND_MESS_ACK', 2)
    bob = await comeBack()
    expect(await bob.take('SEND_MESSAGE')).toEqual(three)
  })

  test('an ACK beyond what was sent confirms what was sent, and nothing that comes later', async () => {
    await send('one', 'two')
    await bob.takeAll('SEND_MESSAGE', 2)
    bob.send(['ACK', '9999999999999999'])
    ann.send(['ACK', seqOf((await ann.takeAll('SEND_MESS_ACK', 2))[1])])
    await send('three')
    expect(textOf(await bob.take('SEND_MESSAGE'))).toBe('three')
    await settle(bob)
    bob = await comeBack()
    expect(textOf(await bob.take('SEND_MESSAGE'))).toBe('three')
  })

  test('an ACK of what still waits outside of the window does not confirm it', async () => {
    const all = Array.from({ length: WINDOW + 2 }, (_, n) => `text ${n}`)
    await send(...all)
    const inFlight = await bob.takeAll('SEND_MESSAGE', WINDOW)
    bob.send(['ACK', seqOf(inFlight[WINDOW - 1]) + 2])
    expect((await bob.takeAll('SEND_MESSAGE', 2)).map(textOf)).toEqual(all.slice(WINDOW))
    await ann.takeAll('SEND_MESS_ACK', WINDOW)
    bob = await comeBack()
    expect((await bob.takeAll('SEND_MESSAGE', 2)).map(textOf)).toEqual(all.slice(WINDOW))
  })

  test.each(['', '-1', '1.5', 'one', '1e3', ' 1', '99999999999999999'])(
    'an ACK of %j ends the connection, and confirms nothing',
    async (seq) => {
      await send('one')
      await bob.take('SEND_MESSAGE')
      bob.send(['ACK', seq])
      expect(await bob.take('FAULT')).toEqual(['FAULT', '-', 'invalid-request', expect.any(String)])
      await bob.closed
      bob = await comeBack()
      expect(textOf(await bob.take('SEND_MESSAGE'))).toBe('one')
    },
  )

  test('what was not confirmed comes again, with the same seq and time, and before what is new', async () => {
    await send('one', 'two', 'three')
    const before = await bob.takeAll('SEND_MESSAGE', 3)
    bob.send(['ACK', seqOf(before[0])])
    await ann.take('SEND_MESS_ACK')
    await bob.close()
    await send('four')
    bob = await comeBack()
    const after = await bob.takeAll('SEND_MESSAGE', 3)
    expect(after.slice(0, 2)).toEqual(before.slice(1))
    expect(textOf(after[2])).toBe('four')
  })

  test('what was not confirmed comes again also after DISCONNECT on the same connection', async () => {
    await send('one')
    const before = await bob.take('SEND_MESSAGE')
    await bob.ask('DISCONNECT')
    // Too late: nobody is connected here.
    bob.send(['ACK', seqOf(before)])
    expect(await bob.ask('CONNECT', 'bob', '')).toEqual(['OK', '1'])
    expect(await bob.take('SEND_MESSAGE')).toEqual(before)
  })

  test('the reply to CONNECT comes before the first item', async () => {
    await bob.close()
    await send('one')
    bob = await bed.open()
    bob.send(['CONNECT', 'c', 'bob', 'takeover'])
    await bob.take('SEND_MESSAGE')
    expect(bob.frames.map(([operation]) => operation)).toEqual(['SESSION', 'OK', 'SEND_MESSAGE'])
  })

  test('messages of two senders keep the order of each', async () => {
    const cat = await bed.join('cat')
    for (let n = 0; n < 5; n++) {
      ann.send(['SEND', `a${n}`, 'bob', `ann ${n}`])
      cat.send(['SEND', `c${n}`, 'bob', `cat ${n}`])
    }
    for (let taken = 0; taken < 10; taken++) bob.send(['ACK', seqOf(await bob.take('SEND_MESSAGE'))])
    for (const sender of ['ann', 'cat']) {
      const own = texts(bob).filter((text) => text?.startsWith(sender))
      expect(own).toEqual([0, 1, 2, 3, 4].map((n) => `${sender} ${n}`))
    }
  })
})
