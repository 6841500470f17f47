import { createSecret, createVerifier } from '../../src/client/scram.ts'
import { BACKEND_NAMES, createSessionBed, type SessionBed } from '../support/session-bed.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

describe.each(BACKEND_NAMES)('requests that are sent without waiting, over %s', (backend) => {
  let bed: SessionBed

  beforeEach(async () => {
    bed = await createSessionBed({ backend })
  })
  afterEach(async () => {
    await bed.close()
    await removeTempFolders()
  })

  test('a whole life in one packet takes effect in order', async () => {
    const bob = await bed.join('bob')
    const peer = await bed.dial()
    peer.send(
      ['SESSION', 1],
      ['REGISTER', 'r', 'ann', ''],
      ['CONNECT', 'c', 'ann', ''],
      ['SEND', 's1', 'bob', 'one'],
      ['SEND', 's2', 'bob', 'two'],
      ['DISCONNECT', 'd'],
      ['SEND', 's3', 'bob', 'too late'],
    )
    expect(await peer.reply('r')).toEqual(['OK', ''])
    expect(await peer.reply('c')).toEqual(['OK', '0'])
    expect(await peer.reply('s1')).toEqual(['OK', '0'])
    expect(await peer.reply('s2')).toEqual(['OK', '1'])
    expect(await peer.reply('d')).toEqual(['OK', ''])
    expect((await peer.reply('s3')).slice(0, 2)).toEqual(['FAULT', 'not-connected'])
    expect((await bob.takeAll('SEND_MESSAGE', 2)).map((frame) => frame.at(-1))).toEqual(['one', 'two'])
  })

  test('the same byte by byte, each in a packet of its own', async () => {
    const peer = await bed.dial()
    const life = 'SESSION\x001\0REGISTER\0r\0ann\0\0CONNECT\0c\0ann\0\0SEND\0s\0ann\0é\0UNREGISTER\0u\0'
    for (const byte of Buffer.from(life)) {
      await new Promise<void>((resolve) => void peer.socket.write(Buffer.of(byte), () => resolve()))
    }
    for (const ref of ['r', 'c', 's', 'u']) expect((await peer.reply(ref))[0]).toBe('OK')
  })

  test('a SEND before PASSWD, and one before UNREGISTER, are done as who the sender was', async () => {
    const ann = await bed.join('ann')
    const bob = await bed.join('bob')
    ann.send(
      ['SEND', 's1', 'bob', 'one'],
      ['PASSWD', 'p', await createVerifier(createSecret(), 'generated')],
      ['SEND', 's2', 'bob', 'two'],
      ['UNREGISTER', 'u'],
      ['SEND', 's3', 'bob', 'three'],
    )
    expect(await ann.reply('s1')).toEqual(['OK', '0'])
    expect(await ann.reply('p')).toEqual(['OK', ''])
    expect(await ann.reply('s2')).toEqual(['OK', '1'])
    expect(await ann.reply('u')).toEqual(['OK', ''])
    expect((await ann.reply('s3'))[0]).toBe('FAULT')
    expect((await bob.takeAll('SEND_MESSAGE', 2)).map((frame) => frame.at(-1))).toEqual(['one', 'two'])
  })

  test('an ACK before DISCONNECT counts', async () => {
    const ann = await bed.join('ann')
    await ann.ask('SEND', 'ann', 'one')
    const [, seq = ''] = await ann.take('SEND_MESSAGE')
    ann.send(['ACK', seq], ['DISCONNECT', 'd'], ['CONNECT', 'c', 'ann', ''])
    // The message is out of the mailbox; its receipt has come in.
    expect(await ann.reply('c')).toEqual(['OK', '1'])
    await ann.take('SEND_MESS_ACK')
  })

  test('a client that half-closes behind its last request gets every answer, then the close', async () => {
    const peer = await bed.dial()
    peer.send(['SESSION', 1], ['REGISTER', 'r', 'ann', ''], ['CONNECT', 'c', 'ann', ''])
    peer.send(['SEND', 's', 'ann', 'one'], ['DISCONNECT', 'd'], ['SEND', 'x', 'ann', 'two'])
    peer.socket.end()
    for (const ref of ['r', 'c', 's', 'd']) expect((await peer.reply(ref))[0]).toBe('OK')
    expect((await peer.reply('x'))[1]).toBe('not-connected')
    await peer.closed
  })

  test('a thousand SENDs in one packet get ids in their order, and arrive in it', async () => {
    const ann = await bed.join('ann')
    const bob = await bed.join('bob')
    const numbers = Array.from({ length: 1000 }, (_, n) => n)
    ann.send(...numbers.map((n) => ['SEND', `s${n}`, 'bob', `text ${n}`]))
    const arrived: string[] = []
    for (const n of numbers) {
      const [, seq = '', , id, , text = ''] = await bob.take('SEND_MESSAGE')
      expect(id).toBe(String(n))
      arrived.push(text)
      bob.send(['ACK', seq])
    }
    expect(arrived).toEqual(numbers.map((n) => `text ${n}`))
    for (const n of numbers) expect(await ann.reply(`s${n}`)).toEqual(['OK', String(n)])
  })
})
