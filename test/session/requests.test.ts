import { createSecret, createVerifier } from '../../src/client/scram.ts'
import { BACKEND_NAMES, createSessionBed, type SessionBed } from '../support/session-bed.ts'
import type { SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

describe.each(BACKEND_NAMES)('the requests of a session, over %s', (backend) => {
  let bed: SessionBed
  let peer: SessionPeer

  beforeEach(async () => {
    bed = await createSessionBed({ backend, maxTextBytes: 1000, limits: { items: 3, bytes: 2000 } })
    peer = await bed.open()
  })
  afterEach(async () => {
    await bed.close()
    await removeTempFolders()
  })

  const refused = (code: string) => ['FAULT', code, expect.stringMatching(/^[\x20-\x7e]+$/)]

  describe('SESSION', () => {
    test('tells the longest text, the window and the heartbeat', () => {
      expect(peer.frames).toEqual([['SESSION', '1', '1000', '256', '30']])
    })

    test('of another version is refused, and the connection closes', async () => {
      const other = await bed.dial()
      other.send(['SESSION', 2])
      expect(await other.take('FAULT')).toEqual(['FAULT', '-', 'unsupported-version', expect.any(String)])
      await other.closed
    })

    test('a second time is refused, and the connection closes', async () => {
      peer.send(['SESSION', 1])
      expect(await peer.take('FAULT')).toEqual(['FAULT', '-', 'invalid-request', expect.any(String)])
      await peer.closed
    })
  })

  describe('REGISTER', () => {
    test('makes an account, whose name another cannot have', async () => {
      expect(await peer.ask('REGISTER', 'ann', '')).toEqual(['OK', ''])
      expect(await peer.ask('REGISTER', 'ann', '')).toEqual(refused('user-exists'))
    })

    test.each(['', 'a b', 'a\nb', 'a\u0007', 'a\u202eb', 'e\u0301', 'x'.repeat(65), '\ufeff'])(
      'of the name %j is refused',
      async (user) => {
        expect(await peer.ask('REGISTER', user, '')).toEqual(refused('invalid-name'))
      },
    )

    test.each(['é', '李', '😀', 'x'.repeat(64), '-', 'CONNECT'])('of the name %j is done', async (user) => {
      expect(await peer.ask('REGISTER', user, '')).toEqual(['OK', ''])
    })

    test('with what is no verifier is refused, and makes no account', async () => {
      for (const verifier of ['secret', 'SCRAM-SHA-256$1:eA==$eA==:eA==', 'SCRAM-SHA-1$4096:a$b:c']) {
        expect(await peer.ask('REGISTER', 'ann', verifier)).toEqual(refused('invalid-request'))
      }
      expect(await peer.ask('CONNECT', 'ann', '')).toEqual(refused('no-such-user'))
    })
  })

  describe('CONNECT', () => {
    test('answers how many items wait', async () => {
      const ann = await bed.join('ann')
      await peer.ask('REGISTER', 'bob', '')
      await ann.ask('SEND', 'bob', 'one')
      await ann.ask('SEND', 'bob', 'two')
      expect(await peer.ask('CONNECT', 'bob', '')).toEqual(['OK', '2'])
    })

    test('as nobody, or with a mode that there is not, is refused', async () => {
      await peer.ask('REGISTER', 'ann', '')
      expect(await peer.ask('CONNECT', 'bob', '')).toEqual(refused('no-such-user'))
      expect(await peer.ask('CONNECT', '', '')).toEqual(refused('no-such-user'))
      expect(await peer.ask('CONNECT', 'x'.repeat(70), '')).toEqual(refused('no-such-user'))
      expect(await peer.ask('CONNECT', 'ann', 'force')).toEqual(refused('invalid-request'))
    })

    test('where somebody is present as that user, or this connection as another, is refused', async () => {
      const ann = await bed.join('ann')
      expect(await peer.ask('CONNECT', 'ann', '')).toEqual(refused('already-connected'))
      await ann.ask('REGISTER', 'bob', '')
      expect(await ann.ask('CONNECT', 'bob', '')).toEqual(refused('already-connected'))
      expect(await ann.ask('CONNECT', 'bob', 'takeover')).toEqual(refused('already-connected'))
      expect(await ann.ask('CONNECT', 'ann', '')).toEqual(refused('already-connected'))
    })

    test('to an account with a credential takes its proof', async () => {
      await peer.ask('REGISTER', 'ann', await createVerifier(createSecret(), 'generated'))
      expect(await peer.ask('CONNECT', 'ann', '')).toEqual(refused('not-authenticated'))
      expect(await peer.ask('CONNECT', 'ann', 'takeover')).toEqual(refused('not-authenticated'))
    })
  })

  describe('SEND', () => {
    test('answers ids that count up from 0 over the whole server', async () => {
      const ann = await bed.join('ann')
      const bob = await bed.join('bob')
      expect(await ann.ask('SEND', 'bob', 'one')).toEqual(['OK', '0'])
      expect(await bob.ask('SEND', 'ann', 'two')).toEqual(['OK', '1'])
      expect(await ann.ask('SEND', 'ann', 'to myself')).toEqual(['OK', '2'])
    })

    test('carries any text: none at all, newlines, every length of character', async () => {
      const ann = await bed.join('ann')
      for (const text of ['', '\n', 'two\r\nlines\n', 'é€😀', '\u0007\u001b[31m', 'x'.repeat(1000)]) {
        expect((await ann.ask('SEND', 'ann', text))[0]).toBe('OK')
        const [, seq = '', sender, , time = '', shown] = await ann.take('SEND_MESSAGE')
        expect({ sender, shown }).toEqual({ sender: 'ann', shown: text })
        expect(new Date(time).toISOString()).toBe(time)
        ann.send(['ACK', seq])
      }
    })

    test('to nobody is refused, and the others of its packet are stored', async () => {
      const ann = await bed.join('ann')
      ann.send(['SEND', 'a', 'ann', 'one'], ['SEND', 'b', 'bob', 'two'], ['SEND', 'c', 'ann', 'three'])
      expect(await ann.reply('a')).toEqual(['OK', '0'])
      expect(await ann.reply('b')).toEqual(refused('no-such-user'))
      expect(await ann.reply('c')).toEqual(['OK', '1'])
    })

    test('of a text beyond the limit is refused; a frame beyond all limits ends the connection', async () => {
      const ann = await bed.join('ann')
      ann.send(['SEND', 'a', 'ann', 'x'.repeat(1001)], ['SEND', 'b', 'ann', 'short'])
      expect(await ann.reply('a')).toEqual(refused('too-large'))
      expect(await ann.reply('b')).toEqual(['OK', '0'])
      // A limit counts bytes, not characters.
      expect(await ann.ask('SEND', 'ann', '€'.repeat(334))).toEqual(refused('too-large'))
      ann.send(['SEND', 'c', 'ann', 'x'.repeat(5000)])
      expect(await ann.reply('-')).toEqual(refused('too-large'))
      await ann.closed
    })

    test('to a mailbox at its limit of items or bytes is refused until there is room', async () => {
      const ann = await bed.join('ann')
      await peer.ask('REGISTER', 'bob', '')
      for (let n = 0; n < 2; n++) expect((await ann.ask('SEND', 'bob', 'x'.repeat(900)))[0]).toBe('OK')
      expect(await ann.ask('SEND', 'bob', 'x'.repeat(900))).toEqual(refused('mailbox-full'))
      expect((await ann.ask('SEND', 'bob', 'third'))[0]).toBe('OK')
      expect(await ann.ask('SEND', 'bob', 'fourth')).toEqual(refused('mailbox-full'))
      await peer.ask('CONNECT', 'bob', '')
      const [first] = await peer.takeAll('SEND_MESSAGE', 3)
      peer.send(['ACK', first?.[1] as string])
      await ann.take('SEND_MESS_ACK')
      expect((await ann.ask('SEND', 'bob', 'fourth'))[0]).toBe('OK')
    })

    test('from a connection where nobody is connected is refused', async () => {
      expect(await peer.ask('SEND', 'ann', 'hello')).toEqual(refused('not-connected'))
    })
  })

  describe('DISCONNECT', () => {
    test('ends delivery and keeps the connection, on which another user may connect', async () => {
      const ann = await bed.join('ann')
      const bob = await bed.join('bob')
      expect(await ann.ask('DISCONNECT')).toEqual(['OK', ''])
      await bob.ask('SEND', 'ann', 'later')
      await ann.ask('REGISTER', 'cat', '')
      expect(await ann.ask('CONNECT', 'cat', '')).toEqual(['OK', '0'])
      expect(await ann.ask('DISCONNECT')).toEqual(['OK', ''])
      expect(ann.frames.map(([operation]) => operation)).not.toContain('SEND_MESSAGE')
      expect(await ann.ask('CONNECT', 'ann', '')).toEqual(['OK', '1'])
      expect((await ann.take('SEND_MESSAGE')).at(-1)).toBe('later')
    })

    test('of nobody is refused', async () => {
      expect(await peer.ask('DISCONNECT')).toEqual(refused('not-connected'))
    })
  })

  describe('UNREGISTER', () => {
    test('takes the account, the mailbox and the session away, and keeps the connection', async () => {
      const ann = await bed.join('ann')
      const bob = await bed.join('bob')
      await bob.ask('SEND', 'ann', 'unread')
      expect(await ann.ask('UNREGISTER')).toEqual(['OK', ''])
      expect(await bob.ask('SEND', 'ann', 'nobody')).toEqual(refused('no-such-user'))
      expect(await ann.ask('UNREGISTER')).toEqual(refused('not-connected'))
      expect(await ann.ask('REGISTER', 'ann', '')).toEqual(['OK', ''])
      expect(await ann.ask('CONNECT', 'ann', '')).toEqual(['OK', '0'])
    })

    test('of nobody is refused', async () => {
      expect(await peer.ask('UNREGISTER')).toEqual(refused('not-connected'))
    })
  })

  describe('USERS', () => {
    test('lists who begins with a prefix, in order, and who is online', async () => {
      await bed.join('bea')
      const ann = await bed.join('ann')
      for (const user of ['bob', 'carl', 'é']) await peer.ask('REGISTER', user, '')
      expect(await ann.ask('USERS', '')).toEqual([
        'OK',
        'ann online\nbea online\nbob offline\ncarl offline\né offline',
      ])
      expect(await ann.ask('USERS', 'b')).toEqual(['OK', 'bea online\nbob offline'])
      expect(await ann.ask('USERS', 'z')).toEqual(['OK', ''])
    })

    test('lists a hundred at most', async () => {
      const ann = await bed.join('ann')
      for (let n = 0; n < 101; n++) await peer.ask('REGISTER', `user${n}`, '')
      expect((await ann.ask('USERS', 'user'))[1]?.split('\n')).toHaveLength(100)
    })

    test('is for users', async () => {
      expect(await peer.ask('USERS', '')).toEqual(refused('not-connected'))
    })
  })

  describe('PASSWD', () => {
    test('takes a verifier and a user', async () => {
      const ann = await bed.join('ann')
      const verifier = await createVerifier(createSecret(), 'generated')
      expect(await ann.ask('PASSWD', '')).toEqual(refused('invalid-request'))
      expect(await ann.ask('PASSWD', 'secret')).toEqual(refused('invalid-request'))
      expect(await ann.ask('PASSWD', verifier)).toEqual(['OK', ''])
      expect(await peer.ask('PASSWD', verifier)).toEqual(refused('not-connected'))
    })
  })

  test('PING is answered', async () => {
    expect(await peer.ask('PING')).toEqual(['OK', ''])
  })

  describe('what cannot be answered by its ref', () => {
    test.each([
      { what: 'an unknown operation', bytes: 'HELLO\0a\0' },
      { what: 'a ref that is empty', bytes: 'PING\0\0' },
      { what: 'a SEND without a ref', bytes: 'SEND\0\0ann\0text\0' },
      { what: 'a ref that is too long', bytes: `PING\0${'r'.repeat(65)}\0` },
      { what: 'bytes that are not UTF-8', bytes: Buffer.from([0x50, 0xff, 0x00]) },
      { what: 'an ACK of no seq', bytes: 'ACK\0-1\0' },
    ])('($what) gets a fault without one, and the connection closes', async ({ bytes }) => {
      peer.write(bytes)
      expect(await peer.take('FAULT')).toEqual(['FAULT', '-', 'invalid-request', expect.any(String)])
      await peer.closed
    })

    test.each(['ACK\0x\0', 'PING\0\0', 'SEND\0\0ann\0\0', 'HELLO\0'])(
      '(%j) does not keep what came before it in the packet from being done and answered',
      async (bad) => {
        const ann = await bed.join('ann')
        ann.write(`SEND\0a\0ann\0one\0${bad}SEND\0b\0ann\0two\0`)
        expect(await ann.reply('a')).toEqual(['OK', '0'])
        expect(await ann.reply('-')).toEqual(refused('invalid-request'))
        await ann.closed
        expect(await peer.ask('CONNECT', 'ann', 'takeover')).toEqual(['OK', '1'])
      },
    )
  })
})
