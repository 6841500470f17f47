import { createSessionBed, type SessionBed } from '../support/session-bed.ts'
import type { SessionPeer } from '../support/session-peer.ts'

/** wire-protocol 2, PING and silence; reliability R5, R6. Short times: what is shown is what happens, not when. */
describe('a session', () => {
  let bed: SessionBed
  const refusals: string[] = []
  const observer = { refused: (_address: string, why: string) => void refusals.push(why) }

  afterEach(async () => {
    await bed.close()
    refusals.length = 0
  })

  const offline = async (peer: SessionPeer, user: string) => {
    while ((await peer.ask('USERS', user))[1] !== `${user} offline`);
  }

  test('that is silent is asked for a sign of life, once, and cut when it gives none', async () => {
    bed = await createSessionBed({ heartbeatSeconds: 0.2, observer })
    const ann = await bed.join('ann')
    await ann.closed
    expect(ann.frames.filter(([operation]) => operation === 'PING')).toHaveLength(1)
    expect(refusals).toEqual(['silent'])
    const again = await bed.open()
    expect((await again.ask('CONNECT', 'ann', ''))[0]).toBe('OK')
  })

  test('that answers lives on, with PONG or with anything else', async () => {
    bed = await createSessionBed({ heartbeatSeconds: 0.2, observer })
    const ann = await bed.join('ann')
    for (let n = 0; n < 5; n++) {
      const [, number = ''] = await ann.take('PING')
      if (n % 2 === 0) ann.send(['PONG', number])
      else ann.send(['ACK', 0])
    }
    expect((await ann.ask('PING'))[0]).toBe('OK')
    expect(refusals).toEqual([])
  })

  test('whose peer is there and has lost its connection (half-open) ends in the same way', async () => {
    bed = await createSessionBed({ heartbeatSeconds: 0.2, observer })
    const watcher = await bed.join('watcher')
    watcher.socket.on('data', () => watcher.send(['PONG', 0]))
    const ann = await bed.join('ann')
    // Not a word any more, and no end of the connection either: as if the network were gone.
    ann.socket.removeAllListeners('data')
    ann.socket.pause()
    await watcher.ask('SEND', 'ann', 'into the void')
    await offline(watcher, 'ann')
    const again = await bed.open()
    expect(await again.ask('CONNECT', 'ann', '')).toEqual(['OK', '1'])
  })

  test('that begins a request and does not end it is refused at the deadline, although it is not silent', async () => {
    bed = await createSessionBed({ requestTimeoutMs: 200, observer })
    const ann = await bed.join('ann')
    ann.write('SEND\0s\0ann\0')
    const trickle = setInterval(() => ann.write('x'), 20)
    try {
      expect(await ann.take('FAULT')).toEqual([
        'FAULT',
        '-',
        'invalid-request',
        'a request took too long to arrive',
      ])
      await ann.closed
    } finally {
      clearInterval(trickle)
    }
  })

  test('that sends many requests, each in pieces, is not slow', async () => {
    bed = await createSessionBed({ requestTimeoutMs: 200, observer })
    const ann = await bed.join('ann')
    const until = performance.now() + 800
    for (let n = 0; performance.now() < until; n++) {
      ann.write(`NG\0p${n}\0PI`.slice(n === 0 ? 9 : 0) || 'PI')
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (n > 0) expect((await ann.reply(`p${n}`))[0]).toBe('OK')
    }
    expect(refusals).toEqual([])
  })

  test('that was told goodbye and does not close is cut', async () => {
    bed = await createSessionBed({ requestTimeoutMs: 200, observer })
    const ann = await bed.join('ann')
    ann.socket.removeAllListeners('end')
    ann.socket.allowHalfOpen = true
    ann.write('NONSENSE\0')
    await ann.take('FAULT')
    const trickle = setInterval(() => ann.write('PING\0x\0'), 20)
    await ann.closed
    clearInterval(trickle)
    expect(refusals).toEqual(['silent'])
  })

  test('that never says which version it speaks is cut at the deadline', async () => {
    bed = await createSessionBed({ requestTimeoutMs: 200, observer })
    const peer = await bed.dial()
    peer.write('SESSION\0')
    expect((await peer.take('FAULT'))[2]).toBe('invalid-request')
    await peer.closed
  })
})
