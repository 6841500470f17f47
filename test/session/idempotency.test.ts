import { BACKEND_NAMES, createSessionBed, type SessionBed } from '../support/session-bed.ts'
import type { SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

let bed: SessionBed
let ann: SessionPeer
let bob: SessionPeer

async function setUp(backend: (typeof BACKEND_NAMES)[number]): Promise<void> {
  bed = await createSessionBed({ backend })
  ann = await bed.join('ann')
  bob = await bed.join('bob')
}

afterEach(async () => {
  await bed.close()
  await removeTempFolders()
})

async function sendAs(peer: SessionPeer, ref: string, text: string, recipient = 'bob') {
  peer.send(['SEND', ref, recipient, text])
  return await peer.reply(ref)
}

async function comeBack(user: string): Promise<SessionPeer> {
  const peer = await bed.open()
  expect((await peer.ask('CONNECT', user, 'takeover'))[0]).toBe('OK')
  return peer
}

const texts = (peer: SessionPeer) =>
  peer.frames.filter(([operation]) => operation === 'SEND_MESSAGE').map((frame) => frame.at(-1))

describe.each(BACKEND_NAMES)('a SEND with a ref that was used, over %s', (backend) => {
  beforeEach(() => setUp(backend))

  test('answers the id of the first, and stores nothing, whatever the text and whoever the recipient', async () => {
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
    expect(await sendAs(ann, 'r', 'another', 'ann')).toEqual(['OK', '0'])
    expect(await sendAs(ann, 's', 'last')).toEqual(['OK', '1'])
    await bob.takeAll('SEND_MESSAGE', 2)
    expect(texts(bob)).toEqual(['one', 'last'])
  })

  test('in the same packet is one message', async () => {
    ann.send(['SEND', 'r', 'bob', 'one'], ['SEND', 'r', 'bob', 'one'], ['SEND', 's', 'bob', 'last'])
    expect(await ann.reply('r')).toEqual(['OK', '0'])
    expect(await ann.reply('r')).toEqual(['OK', '0'])
    expect(await ann.reply('s')).toEqual(['OK', '1'])
    await bob.takeAll('SEND_MESSAGE', 2)
    expect(texts(bob)).toEqual(['one', 'last'])
  })

  test('by another sender is another message', async () => {
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
    expect(await sendAs(bob, 'r', 'two', 'ann')).toEqual(['OK', '1'])
  })

  test('answers the same on another connection', async () => {
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
    ann = await comeBack('ann')
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
  })

  test('answers the same once the recipient has it, until the sender has confirmed the receipt', async () => {
    await sendAs(ann, 'r', 'one')
    bob.confirm(await bob.take('SEND_MESSAGE'))
    const [, receipt = ''] = await ann.take('SEND_MESS_ACK')
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
    ann.send(['ACK', receipt])
    expect(await sendAs(ann, 'r', 'two')).toEqual(['OK', '1'])
    expect((await bob.take('SEND_MESSAGE')).at(-1)).toBe('two')
  })

  test('is free again when the recipient has gone with its mailbox', async () => {
    await sendAs(ann, 'r', 'one')
    await bob.ask('UNREGISTER')
    await bob.ask('REGISTER', 'bob', '')
    await bob.ask('CONNECT', 'bob', '')
    // Clearing a mailbox away goes on beside the daily work.
    for (;;) {
      const [, id] = await sendAs(ann, 'r', 'two')
      if (id !== '0') break
    }
    await bob.take((frame) => frame.at(-1) === 'two')
  })

  test('is not used up by a SEND that was refused', async () => {
    expect((await sendAs(ann, 'r', 'one', 'nobody'))[0]).toBe('FAULT')
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
  })
})

describe('after a restart of the server, over lmdb', () => {
  beforeEach(() => setUp('lmdb'))

  test('a ref answers the same id, stores nothing, and is free after the receipt was confirmed', async () => {
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
    await bed.restart()
    ann = await comeBack('ann')
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
    bob = await comeBack('bob')
    bob.confirm(await bob.take('SEND_MESSAGE'))
    await ann.take('SEND_MESS_ACK')
    await bed.restart()
    ann = await comeBack('ann')
    expect(await sendAs(ann, 'r', 'one')).toEqual(['OK', '0'])
    ann.confirm(await ann.take('SEND_MESS_ACK'))
    expect(await sendAs(ann, 'r', 'two')).toEqual(['OK', '1'])
    bob = await comeBack('bob')
    await bob.take('SEND_MESSAGE')
    expect(texts(bob)).toEqual(['two'])
  })

  test('messages and receipts wait with the seqs that they had', async () => {
    await sendAs(ann, 'r', 'one')
    await sendAs(ann, 's', 'two')
    const before = await bob.takeAll('SEND_MESSAGE', 2)
    bob.send(['ACK', before[0]?.[1] as string])
    const receipt = await ann.take('SEND_MESS_ACK')
    await bed.restart()
    ann = await comeBack('ann')
    bob = await comeBack('bob')
    expect(await bob.take('SEND_MESSAGE')).toEqual(before[1])
    expect(await ann.take('SEND_MESS_ACK')).toEqual(receipt)
  })
})
