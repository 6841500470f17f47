import { createScramClient, createSecret, createVerifier } from '../../src/client/scram.ts'
import { type ByteString, toByteString } from '../../src/domain/byte-string.ts'
import { BACKEND_NAMES, createSessionBed, type SessionBed } from '../support/session-bed.ts'
import { login } from '../support/session-login.ts'
import type { SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

const WRONG = ['FAULT', 'not-authenticated', 'user or secret is wrong']

describe.each(BACKEND_NAMES)('an account with a credential, over %s', (backend) => {
  const secret = createSecret()
  let verifier: ByteString
  let bed: SessionBed
  let peer: SessionPeer

  beforeAll(async () => {
    verifier = await createVerifier(secret, 'generated')
  })
  beforeEach(async () => {
    bed = await createSessionBed({ backend })
    peer = await bed.open()
    expect(await peer.ask('REGISTER', 'ann', verifier)).toEqual(['OK', ''])
  })
  afterEach(async () => {
    await bed.close()
    await removeTempFolders()
  })

  const code = async (reply: Promise<readonly string[]>) => (await reply).slice(0, 2)
  const NOT_AUTHENTICATED = ['FAULT', 'not-authenticated']

  test('is used by whoever proves its secret, and both sides have proven themselves', async () => {
    expect((await login(peer, 'ann', secret))[0]).toBe('OK')
    expect(await peer.ask('CONNECT', 'ann', '')).toEqual(['OK', '0'])
    expect((await peer.ask('SEND', 'ann', 'to myself'))[0]).toBe('OK')
    expect((await peer.take('SEND_MESSAGE')).at(-1)).toBe('to myself')
  })

  test('stays proven after DISCONNECT, on this connection only', async () => {
    await login(peer, 'ann', secret)
    await peer.ask('CONNECT', 'ann', '')
    await peer.ask('DISCONNECT')
    expect((await peer.ask('CONNECT', 'ann', ''))[0]).toBe('OK')
    const other = await bed.open()
    expect(await code(other.ask('CONNECT', 'ann', 'takeover'))).toEqual(NOT_AUTHENTICATED)
  })

  test('sends and asks who is there after AUTH alone, while its session elsewhere gets what comes in', async () => {
    await login(peer, 'ann', secret)
    await peer.ask('CONNECT', 'ann', '')
    const script = await bed.open()
    await login(script, 'ann', secret)
    expect(await script.ask('USERS', 'ann')).toEqual(['OK', 'ann online'])
    script.send(['SEND', 's', 'ann', 'from a script'])
    expect(await script.reply('s')).toEqual(['OK', '0'])
    const [, seq, ...message] = await peer.take('SEND_MESSAGE')
    expect(message.at(-1)).toBe('from a script')
    peer.send(['ACK', seq ?? ''])
    expect((await peer.take('SEND_MESS_ACK')).slice(2)).toEqual(['0', 's', 'ann'])
    expect(script.frames.map(([operation]) => operation)).not.toContain('SEND_MESS_ACK')
  })

  test('sends after AUTH alone also when nobody is present, and no more once the credential is another one', async () => {
    await login(peer, 'ann', secret)
    expect(await peer.ask('SEND', 'ann', 'kept')).toEqual(['OK', '0'])
    expect(await peer.ask('USERS', 'ann')).toEqual(['OK', 'ann offline'])
    await bed.messaging.setCredential(
      { name: toByteString('ann'), proof: verifier },
      await createVerifier(createSecret(), 'generated'),
    )
    expect(await code(peer.ask('SEND', 'ann', 'too late'))).toEqual(NOT_AUTHENTICATED)
  })

  test('is closed to open CONNECTs and to every legacy request', async () => {
    expect(await code(peer.ask('CONNECT', 'ann', ''))).toEqual(NOT_AUTHENTICATED)
    await bed.join('bob')
    expect(await bed.legacy('REGISTER', 'ann')).toEqual([1])
    expect(await bed.legacy('UNREGISTER', 'ann')).toEqual([2])
    expect(await bed.legacy('CONNECT', 'ann', '40000')).toEqual([3])
    expect(await bed.legacy('DISCONNECT', 'ann')).toEqual([3])
    expect(await bed.legacy('SEND', 'ann', 'bob', 'forged')).toEqual([2])
    // Not even while its holder is connected.
    await login(peer, 'ann', secret)
    await peer.ask('CONNECT', 'ann', '')
    expect(await bed.legacy('DISCONNECT', 'ann')).toEqual([3])
    expect(await bed.legacy('SEND', 'ann', 'bob', 'forged')).toEqual([2])
    expect(await bed.legacy('UNREGISTER', 'ann')).toEqual([2])
    expect(await peer.ask('USERS', 'ann')).toEqual(['OK', 'ann online'])
  })

  test('is not opened by a wrong secret; an unknown user and an open account look the same', async () => {
    await peer.ask('REGISTER', 'open', '')
    expect(await login(peer, 'ann', createSecret())).toEqual(WRONG)
    expect(await login(peer, 'nobody', createSecret())).toEqual(WRONG)
    expect(await login(peer, 'open', createSecret())).toEqual(WRONG)
    expect(await code(peer.ask('CONNECT', 'ann', ''))).toEqual(NOT_AUTHENTICATED)
  })

  test('a failed AUTH ends its exchange; the next with the same ref begins anew', async () => {
    expect(await login(peer, 'ann', 'wrong')).toEqual(WRONG)
    expect((await login(peer, 'ann', secret))[0]).toBe('OK')
  })

  test('a failed AUTH takes nothing back of what was proven before', async () => {
    await login(peer, 'ann', secret)
    expect(await login(peer, 'ann', 'wrong', 'again')).toEqual(WRONG)
    expect((await peer.ask('CONNECT', 'ann', ''))[0]).toBe('OK')
  })

  test('an AUTH that is malformed, or of another exchange, is refused as a request', async () => {
    for (const message of ['', 'n,,n=ann', 'y,,n=ann,r=', 'p=tls-unique,,n=ann,r=abc', 'c=biws,r=x,p=AAAA']) {
      expect(await code(peer.ask('AUTH', message))).toEqual(['FAULT', 'invalid-request'])
    }
    peer.send(['AUTH', 'a', 'n,,n=ann,r=mine'])
    expect((await peer.reply('a'))[0]).toBe('OK')
    peer.send(['AUTH', 'a', `c=biws,r=another,p=${'A'.repeat(43)}=`])
    expect((await peer.reply('a')).slice(0, 2)).toEqual(['FAULT', 'invalid-request'])
  })

  test('another AUTH ends the one that was begun', async () => {
    const client = createScramClient({ user: 'ann', secret })
    peer.send(['AUTH', 'a', client.clientFirst])
    const [, serverFirst = ''] = await peer.reply('a')
    expect((await login(peer, 'ann', secret, 'b'))[0]).toBe('OK')
    peer.send(['AUTH', 'a', await client.final(toByteString(serverFirst))])
    expect((await peer.reply('a')).slice(0, 2)).toEqual(['FAULT', 'invalid-request'])
  })

  test('UNREGISTER takes the proof with it: the name, registered again, is somebody else', async () => {
    await login(peer, 'ann', secret)
    expect(await peer.ask('UNREGISTER')).toEqual(['OK', ''])
    await peer.ask('REGISTER', 'ann', await createVerifier(createSecret(), 'generated'))
    expect(await code(peer.ask('CONNECT', 'ann', ''))).toEqual(NOT_AUTHENTICATED)
  })

  describe('PASSWD', () => {
    test('closes an open account to everybody else, and its holder goes on', async () => {
      const bob = await bed.join('bob')
      const mine = createSecret()
      expect(await bob.ask('PASSWD', await createVerifier(mine, 'generated'))).toEqual(['OK', ''])
      expect((await bob.ask('SEND', 'bob', 'still me'))[0]).toBe('OK')
      expect(await code(peer.ask('CONNECT', 'bob', 'takeover'))).toEqual(NOT_AUTHENTICATED)
      expect(await bed.legacy('SEND', 'bob', 'ann', 'forged')).toEqual([2])
      expect(await bed.legacy('UNREGISTER', 'bob')).toEqual([2])
      await login(peer, 'bob', mine)
      expect((await peer.ask('CONNECT', 'bob', 'takeover'))[0]).toBe('OK')
    })

    test('replaces the secret: the old one opens nothing, nor does a proof of it', async () => {
      await login(peer, 'ann', secret)
      const other = await bed.open()
      await login(other, 'ann', secret)
      const next = createSecret()
      expect(await peer.ask('PASSWD', await createVerifier(next, 'generated'))).toEqual(['OK', ''])
      expect(await code(other.ask('CONNECT', 'ann', ''))).toEqual(NOT_AUTHENTICATED)
      expect(await code(other.ask('PASSWD', verifier))).toEqual(NOT_AUTHENTICATED)
      expect(await login(other, 'ann', secret)).toEqual(WRONG)
      expect((await login(other, 'ann', next))[0]).toBe('OK')
      expect((await peer.ask('CONNECT', 'ann', ''))[0]).toBe('OK')
    })

    test('ends the session of whoever is present by the old secret, or by none; the one that asked goes on', async () => {
      const bob = await bed.join('bob')
      const other = await bed.open()
      await login(other, 'ann', secret)
      await other.ask('CONNECT', 'ann', '')
      await login(peer, 'ann', secret)
      const next = await createVerifier(createSecret(), 'generated')
      expect(await peer.ask('PASSWD', next)).toEqual(['OK', ''])
      expect(await other.take('BYE')).toEqual(['BYE', 'credential'])
      await other.closed
      expect((await peer.ask('CONNECT', 'ann', ''))[0]).toBe('OK')
      expect(await peer.ask('PASSWD', await createVerifier(createSecret(), 'generated'))).toEqual(['OK', ''])
      expect((await bob.ask('SEND', 'ann', 'are you there'))[0]).toBe('OK')
      expect((await peer.take('SEND_MESSAGE')).at(-1)).toBe('are you there')
    })

    test('between the halves of an AUTH counts: the proof of what was replaced opens nothing', async () => {
      await login(peer, 'ann', secret)
      const replaced = await createVerifier(createSecret(), 'generated')
      const other = await bed.open()
      const half = createScramClient({ user: 'ann', secret })
      other.send(['AUTH', 'a', half.clientFirst])
      const [, serverFirst = ''] = await other.reply('a')
      expect(await peer.ask('PASSWD', replaced)).toEqual(['OK', ''])
      other.send(['AUTH', 'a', await half.final(toByteString(serverFirst))])
      expect(await other.reply('a')).toEqual(WRONG)
    })
  })

  test('on a server with closed registration nobody makes accounts', async () => {
    const closed = await createSessionBed({ backend, openRegistration: false })
    try {
      const stranger = await closed.open()
      expect(await code(stranger.ask('REGISTER', 'eve', ''))).toEqual(['FAULT', 'not-allowed'])
      expect(await code(stranger.ask('REGISTER', 'eve', verifier))).toEqual(['FAULT', 'not-allowed'])
    } finally {
      await closed.close()
    }
  })
})
