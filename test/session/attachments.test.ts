import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { chunkBytes } from '../../src/wire/session.ts'
import { WIDE_LIMITS } from '../support/backends.ts'
import { fileBytes, sha256 } from '../support/files.ts'
import {
  BACKEND_NAMES,
  createSessionBed,
  type SessionBed,
  type SessionBedOptions,
} from '../support/session-bed.ts'
import type { ServerFrame, SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { envelope, NONE, user } from '../support/words.ts'

let bed: SessionBed
let ann: SessionPeer
let bob: SessionPeer

/** A server with ann and bob, who has a secret. */
async function setUp(options: SessionBedOptions = {}): Promise<void> {
  bed = await createSessionBed(options)
  ann = await bed.join('ann')
  bob = await bed.joinProven('bob')
}

afterEach(async () => {
  await bed.close()
  await removeTempFolders()
})

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const OK = ['OK', '']

/** Sends the pieces of a file, each once the one before is answered. Resolves to the name of the upload. */
async function upload(
  peer: SessionPeer,
  bytes: Buffer,
  piece = 16_384,
  name = 'report.pdf',
): Promise<string> {
  const [outcome, id = ''] = await peer.ask('ATTACH', name, bytes.length, 'application/pdf')
  expect(outcome).toBe('OK')
  for (let at = 0; at < bytes.length; at += piece) {
    expect(await peer.ask('CHUNK', id, at, base64(bytes.subarray(at, at + piece)))).toEqual(OK)
  }
  return id
}

/** Fetches the file of an item, piece by piece. */
async function fetchFile(peer: SessionPeer, seq: string | undefined): Promise<Buffer> {
  const pieces: Buffer[] = []
  let offset = 0
  for (;;) {
    const [outcome, text = ''] = await peer.ask('FETCH', seq ?? '', offset)
    expect(outcome).toBe('OK')
    if (text === '') return Buffer.concat(pieces)
    pieces.push(Buffer.from(text, 'base64'))
    offset += pieces.at(-1)?.length ?? 0
  }
}

const filesOnDisk = () => readdirSync(join(bed.folder, 'attachments'))
const untilFiles = async (count: number) => {
  while (filesOnDisk().length !== count) await new Promise((resolve) => setImmediate(resolve))
}

describe.each(BACKEND_NAMES)('a message with a file, over %s', (backend) => {
  test('arrives with what its sender said of the file, which is fetched until its end and confirmed like any message', async () => {
    await setUp({ backend })
    const bytes = fileBytes(100_000)
    const id = await upload(ann, bytes)
    expect(await ann.ask('SENDATTACH', 'bob', id, 'see   this\n')).toEqual(['OK', '0'])
    const push = await bob.take('SEND_MESS_ATTACH')
    const time = expect.stringMatching(/^\d{4}-.*Z$/)
    const told = ['ann', '0', time, 'see   this\n', 'report.pdf', '100000', sha256(bytes), 'application/pdf']
    expect(push).toEqual(['SEND_MESS_ATTACH', push[1], ...told])
    expect((await fetchFile(bob, push[1])).equals(bytes)).toBe(true)
    bob.confirm(push)
    expect(await ann.take('SEND_MESS_ACK')).toEqual(['SEND_MESS_ACK', '1', '0', expect.any(String), 'bob'])
    expect((await bob.ask('FETCH', push[1] ?? '', 0)).slice(0, 2)).toEqual(['FAULT', 'invalid-request'])
    if (backend === 'lmdb') await untilFiles(0)
  })

  test('the same ref again answers the same id, and the file is kept once', async () => {
    await setUp({ backend })
    const bytes = fileBytes(10)
    for (let time = 0; time < 2; time++) {
      const id = await upload(ann, bytes)
      ann.send(['SENDATTACH', 'once', 'bob', id, ''])
      expect(await ann.reply('once')).toEqual(['OK', '0'])
    }
    const push = await bob.take('SEND_MESS_ATTACH')
    expect((await fetchFile(bob, push[1])).equals(bytes)).toBe(true)
    if (backend === 'lmdb') expect(filesOnDisk()).toHaveLength(1)
    expect(await bed.store.waiting(user('bob'))).toBe(1)
  })

  test('what was not confirmed comes again at the next CONNECT, with its file; a fetch goes on where it was', async () => {
    await setUp({ backend })
    const bytes = fileBytes(40_000)
    await ann.ask('SENDATTACH', 'bob', await upload(ann, bytes), '')
    const first = await bob.take('SEND_MESS_ATTACH')
    const [, half = ''] = await bob.ask('FETCH', first[1] ?? '', 0)
    bob = await bed.joinProven('bob', 'takeover')
    const again = await bob.take('SEND_MESS_ATTACH')
    expect(again).toEqual(first)
    const start = Buffer.from(half, 'base64')
    const [, rest = ''] = await bob.ask('FETCH', again[1] ?? '', start.length)
    const both = Buffer.concat([start, Buffer.from(rest, 'base64')])
    expect(both.equals(bytes.subarray(0, both.length))).toBe(true)
    expect(both.length).toBe(2 * chunkBytes(65_536))
  })

  test('an upload that was not finished when the session ended is gone, also from the disk', async () => {
    await setUp({ backend })
    const bytes = fileBytes(1000)
    const id = await upload(ann, bytes)
    await ann.ask('DISCONNECT')
    await ann.ask('CONNECT', 'ann', '')
    expect((await ann.ask('SENDATTACH', 'bob', id, '')).slice(0, 2)).toEqual(['FAULT', 'invalid-request'])
    await upload(ann, bytes)
    await ann.close()
    if (backend === 'lmdb') await untilFiles(0)
  })
})

describe('what a server makes of wrong or greedy uploads', () => {
  const code = async (reply: Promise<readonly string[]>) => (await reply).slice(0, 2)
  const INVALID = ['FAULT', 'invalid-request']
  const LARGE = ['FAULT', 'too-large']

  test('a chunk at another place than the next, or in no base64, ends its upload', async () => {
    await setUp()
    const wrong: readonly (readonly (string | number)[])[] = [
      [1, 'AAAA'],
      [2, ''],
      ['x', 'AAAA'],
      [-1, 'AAAA'],
      ['9'.repeat(20), 'AAAA'],
      [0, 'AAA'],
      [0, 'A A='],
      [0, '####'],
      [0, 'AAAB=='],
      [0, 'AB=='], // another spelling of the same byte
    ]
    for (const [offset = '', text = ''] of wrong) {
      const [, id = ''] = await ann.ask('ATTACH', 'x', 6, '')
      expect(await code(ann.ask('CHUNK', id, offset, text))).toEqual(INVALID)
      expect(await code(ann.ask('CHUNK', id, 0, 'AAAA'))).toEqual(INVALID)
      expect(await code(ann.ask('SENDATTACH', 'bob', id, ''))).toEqual(INVALID)
    }
  })

  test('pieces that were sent without waiting for one another are taken in their order, and what follows a wrong one is refused', async () => {
    await setUp()
    const [, id = ''] = await ann.ask('ATTACH', 'x', 9, '')
    ann.send(
      ['CHUNK', 'c1', id, 0, base64(Buffer.from('abc'))],
      ['CHUNK', 'c2', id, 3, base64(Buffer.from('def'))],
      ['CHUNK', 'c3', id, 7, base64(Buffer.from('hi'))],
      ['CHUNK', 'c4', id, 6, base64(Buffer.from('ghi'))],
      ['SENDATTACH', 's1', 'bob', id, ''],
    )
    const replies = await Promise.all(['c1', 'c2', 'c3', 'c4', 's1'].map((ref) => code(ann.reply(ref))))
    expect(replies).toEqual([OK, OK, INVALID, INVALID, INVALID])
  })

  test('more than was announced, more than a server takes, or a piece that is too long is too-large; less than announced is refused', async () => {
    await setUp({ maxAttachmentBytes: 100_000 })
    const [, small = ''] = await ann.ask('ATTACH', 'x', 3, '')
    expect(await code(ann.ask('CHUNK', small, 0, base64(Buffer.alloc(4))))).toEqual(LARGE)
    expect(await code(ann.ask('ATTACH', 'x', 100_001, ''))).toEqual(LARGE)
    const [, long = ''] = await ann.ask('ATTACH', 'x', 100_000, '')
    expect(await code(ann.ask('CHUNK', long, 0, base64(Buffer.alloc(16_385))))).toEqual(LARGE)
    const [, short = ''] = await ann.ask('ATTACH', 'x', 3, '')
    await ann.ask('CHUNK', short, 0, base64(Buffer.alloc(2)))
    expect(await code(ann.ask('SENDATTACH', 'bob', short, ''))).toEqual(INVALID)
    expect(await code(ann.ask('SENDATTACH', 'bob', short, ''))).toEqual(INVALID)
  })

  test('names and media types that are none are refused', async () => {
    await setUp()
    for (const name of ['', 'x'.repeat(256), 'a\nb', 'a\x1b[2J', 'a\u0085b']) {
      expect(await code(ann.ask('ATTACH', name, 1, ''))).toEqual(['FAULT', 'invalid-name'])
    }
    for (const mediaType of ['pdf', 'a/b\nc', `a/${'b'.repeat(200)}`]) {
      expect(await code(ann.ask('ATTACH', 'x', 1, mediaType))).toEqual(INVALID)
    }
    for (const size of ['', '-1', '1.5', '1e3', 'x'])
      expect(await code(ann.ask('ATTACH', 'x', size, ''))).toEqual(INVALID)
  })

  test('where no files are taken, ATTACH is not-allowed', async () => {
    await setUp({ maxAttachmentBytes: 0 })
    expect(await code(ann.ask('ATTACH', 'x', 0, ''))).toEqual(['FAULT', 'not-allowed'])
  })

  test('a user has four uploads under way at most; one that ends makes room', async () => {
    await setUp()
    for (let i = 0; i < 4; i++) await ann.ask('ATTACH', 'x', 0, '')
    expect(await code(ann.ask('ATTACH', 'x', 0, ''))).toEqual(['FAULT', 'try-again'])
    expect((await bob.ask('ATTACH', 'x', 0, ''))[0]).toBe('OK')
    expect((await ann.ask('SENDATTACH', 'bob', 'u1', ''))[0]).toBe('OK')
    expect((await ann.ask('ATTACH', 'x', 0, ''))[0]).toBe('OK')
  })

  test('an upload that rests too long is over, and nothing of it is left', async () => {
    await setUp({ backend: 'lmdb', uploadIdleMs: 20 })
    const [, id = ''] = await ann.ask('ATTACH', 'x', 6, '')
    await untilFiles(0)
    expect(await code(ann.ask('CHUNK', id, 0, 'AAAA'))).toEqual(INVALID)
  })

  test('files need a session', async () => {
    await setUp()
    await ann.ask('DISCONNECT')
    for (const request of [
      ['ATTACH', 'x', 1, ''],
      ['CHUNK', 'u1', 0, ''],
      ['SENDATTACH', 'bob', 'u1', ''],
      ['FETCH', 1, 0],
    ] as const) {
      const [operation, ...fields] = request
      expect(await code(ann.ask(operation, ...fields))).toEqual(['FAULT', 'not-connected'])
    }
  })

  test('a mailbox takes so many bytes of files and no more', async () => {
    await setUp({ limits: { ...WIDE_LIMITS, attachmentBytes: 10 } })
    expect((await ann.ask('SENDATTACH', 'bob', await upload(ann, fileBytes(8)), ''))[0]).toBe('OK')
    expect(await code(ann.ask('SENDATTACH', 'bob', await upload(ann, fileBytes(3)), ''))).toEqual([
      'FAULT',
      'mailbox-full',
    ])
  })
})

describe('whose files they are', () => {
  test('a user without a credential gets none, and the refusal says what to do; once there is one it does', async () => {
    await setUp()
    const cat = await bed.join('cat')
    const bytes = fileBytes(3)
    const [, code, reason] = await ann.ask('SENDATTACH', 'cat', await upload(ann, bytes), '')
    expect([code, reason]).toEqual(['not-allowed', expect.stringContaining('PASSWD')])
    const verifier = `SCRAM-SHA-256$4096:QUJDREVGR0g=$${'A'.repeat(43)}=:${'A'.repeat(43)}=`
    expect(await cat.ask('PASSWD', verifier)).toEqual(OK)
    expect((await ann.ask('SENDATTACH', 'cat', await upload(ann, bytes), ''))[0]).toBe('OK')
    expect((await cat.take('SEND_MESS_ATTACH'))[6]).toBe('report.pdf')
  })

  test('FETCH reads the own mailbox only, and only items that have a file and wait', async () => {
    await setUp()
    await ann.ask('SENDATTACH', 'bob', await upload(ann, fileBytes(3)), '')
    const push = await bob.take('SEND_MESS_ATTACH')
    await ann.ask('SEND', 'bob', 'no file')
    const plain = await bob.take('SEND_MESSAGE')
    for (const [peer, seq] of [
      [ann, push[1]],
      [bob, plain[1]],
      [bob, '99'],
      [bob, '0'],
      [bob, '-1'],
      [bob, 'x'],
    ] as const) {
      expect((await peer.ask('FETCH', seq ?? '', 0)).slice(0, 2)).toEqual(['FAULT', 'invalid-request'])
    }
    expect(await bob.ask('FETCH', push[1] ?? '', 3)).toEqual(OK)
    expect(await bob.ask('FETCH', push[1] ?? '', 2 ** 40)).toEqual(OK)
  })

  test('should a file wait for a client of the original protocol all the same, it is not confirmed away', async () => {
    await setUp()
    await (await bed.join('cat')).ask('DISCONNECT')
    const [cat, descriptor] = [user('cat'), { id: NONE, size: 3, sha256: NONE, name: NONE, mediaType: NONE }]
    await bed.store.append([{ ...envelope('ann', 'cat', 'see this'), attachment: descriptor }])
    let dialled = 0
    const listening = createServer(() => dialled++).listen(0, '127.0.0.1')
    await once(listening, 'listening')
    expect(await bed.legacy('CONNECT', 'cat', String((listening.address() as AddressInfo).port))).toEqual([0])
    while ((await bed.messaging.users(cat))[0]?.online) await new Promise((resolve) => setImmediate(resolve))
    listening.close()
    expect([dialled, await bed.store.waiting(cat)]).toEqual([0, 1])
  })
})

test('messages go past a large file, in both directions', async () => {
  await setUp({ window: 16 })
  const bytes = fileBytes(1024 * 1024)
  const [, id = ''] = await ann.ask('ATTACH', 'large', bytes.length, '')
  const frames: (string | number)[][] = []
  for (let at = 0; at < bytes.length; at += 16_384) {
    frames.push(['CHUNK', `c${at}`, id, at, base64(bytes.subarray(at, at + 16_384))])
  }
  // All that the file has, and in the middle of it a message; and one comes in.
  ann.send(...frames.slice(0, 32), ['SEND', 'between', 'bob', 'passes'], ...frames.slice(32))
  await bob.ask('SEND', 'ann', 'comes in')
  await Promise.all([ann.reply('between'), ann.take('SEND_MESSAGE'), ann.reply(`c${bytes.length - 16_384}`)])
  const at = (wanted: (frame: ServerFrame) => boolean) => ann.frames.findIndex(wanted)
  const last = at(([, ref]) => ref === `c${bytes.length - 16_384}`)
  expect(at(([, ref]) => ref === 'between')).toBeLessThan(last)
  expect(at(([word]) => word === 'SEND_MESSAGE')).toBeLessThan(last)
  expect((await ann.ask('SENDATTACH', 'bob', id, ''))[0]).toBe('OK')

  const push = await bob.take('SEND_MESS_ATTACH')
  const asked = frames.map(([, , , offset = 0]) => ['FETCH', `f${offset}`, push[1] ?? '', offset])
  bob.send(...asked.slice(0, 32), ['SEND', 'back', 'ann', 'passes'], ...asked.slice(32))
  await Promise.all([bob.reply('back'), bob.reply(`f${bytes.length - 16_384}`)])
  const done = (ref: string) => bob.frames.findIndex(([, of]) => of === ref)
  expect(done('back')).toBeLessThan(done(`f${bytes.length - 16_384}`))
})
