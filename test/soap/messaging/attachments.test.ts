import { fileBytes, sha256 } from '../../support/files.ts'
import { makeLmdbFolder } from '../../support/lmdb-folder.ts'
import { type MessagingBed, openMessagingBed } from '../../support/messaging-bed.ts'
import { PASSWORD, VERSIONS } from '../../support/messaging-calls.ts'
import { login } from '../../support/session-login.ts'
import { removeTempFolders } from '../../support/temp-folder.ts'
import { filesIn, getFile, sendFile, WAYS } from './attachments-bed.ts'

const BYTES = fileBytes(300_000)

describe.each(VERSIONS)('files over SOAP %s', (version) => {
  let bed: MessagingBed
  beforeEach(async () => {
    bed = await openMessagingBed()
    await bed.add('ada', 'bob')
  })
  afterEach(() => bed.close())

  test.each(WAYS)(
    'SendAttachment stores a file (%s), Receive tells of it, GetAttachment gives it either way',
    async (way) => {
      const file = {
        recipient: 'bob',
        text: 'the plan',
        fileName: 'plan <1>.pdf',
        mediaType: 'application/pdf',
        bytes: BYTES,
      }
      const sent = await sendFile(bed, 'ada', { ...file, clientMessageId: 'order-18' }, { way, version })
      expect(sent.result).toEqual({ messageId: '0', clientMessageId: 'order-18' })

      const [entry] = await bed.as('bob').receive(10, 0, { version })
      const attachment = {
        fileName: 'plan <1>.pdf',
        mediaType: 'application/pdf',
        size: '300000',
        sha256: sha256(BYTES),
      }
      expect(entry).toMatchObject({ seq: '1', message: { sender: 'ada', text: 'the plan', attachment } })
      for (const back of WAYS) {
        const got = await getFile(bed, 'bob', 1, { way: back, version })
        expect(got.result).toMatchObject(attachment)
        expect(got.bytes.equals(BYTES)).toBe(true)
      }

      await bed.as('bob').acknowledge(1, { version })
      expect((await getFile(bed, 'bob', 1, { way, version })).fault?.name).toBe('AttachmentNotFound')
      expect(await bed.as('ada').receive()).toMatchObject([{ receipt: { clientMessageId: 'order-18' } }])
    },
  )

  test('a file needs no text, and is of the type that its part says; one in the text says nothing', async () => {
    for (const way of WAYS) await sendFile(bed, 'ada', { recipient: 'bob', bytes: BYTES }, { way, version })
    const entries = await bed.as('bob').receive(10, 0, { version })
    expect(entries).toMatchObject([
      { message: { text: '', attachment: { mediaType: 'image/png' } } },
      { message: { text: '' } },
    ])
    expect((await getFile(bed, 'bob', 2, { way: 'mtom', version })).result).not.toHaveProperty('mediaType')
  })

  test.each(WAYS)(
    'the same clientMessageId again stores nothing and gives the same messageId (%s)',
    async (way) => {
      const file = { recipient: 'bob', clientMessageId: 'r', bytes: BYTES }
      const first = await sendFile(bed, 'ada', file, { way, version })
      const again = await sendFile(bed, 'ada', { ...file, bytes: Buffer.from('other') }, { way, version })
      expect(again.result).toEqual(first.result)
      expect(await bed.as('bob').receive()).toHaveLength(1)
      expect((await getFile(bed, 'bob', 1, { way, version })).bytes.equals(BYTES)).toBe(true)
    },
  )
})

describe('files between SOAP and sessions', () => {
  let bed: MessagingBed
  beforeEach(async () => {
    bed = await openMessagingBed()
    await bed.add('ada', 'bob')
  })
  afterEach(() => bed.close())

  test.each(WAYS)('one that is sent by SOAP (%s) reaches a session', async (way) => {
    const bob = await bed.dial()
    await login(bob, 'bob', PASSWORD)
    await bob.ask('CONNECT', 'bob', '')
    await sendFile(
      bed,
      'ada',
      { recipient: 'bob', fileName: 'plan é.pdf', text: 'look', bytes: BYTES },
      { way },
    )
    const pushed = await bob.take('SEND_MESS_ATTACH')
    expect(pushed.slice(5, 9)).toEqual(['look', 'plan é.pdf', '300000', sha256(BYTES)])
    const pieces: Buffer[] = []
    for (let at = 0; at < BYTES.length; at += (pieces.at(-1) as Buffer).length) {
      const [, piece = ''] = await bob.ask('FETCH', pushed[1] ?? '', at)
      pieces.push(Buffer.from(piece, 'base64'))
    }
    expect(Buffer.concat(pieces).equals(BYTES)).toBe(true)
  })

  test.each(WAYS)('one that is sent by a session is given by SOAP (%s)', async (way) => {
    const ada = await bed.dial()
    await login(ada, 'ada', PASSWORD)
    const bytes = BYTES.subarray(0, 3000)
    const [, upload = ''] = await ada.ask('ATTACH', 'notes.txt', bytes.length, 'text/plain')
    for (let at = 0; at < bytes.length; at += 500) {
      const piece = bytes.subarray(at, at + 500).toString('base64')
      expect((await ada.ask('CHUNK', upload, at, piece))[0]).toBe('OK')
    }
    expect((await ada.ask('SENDATTACH', 'bob', upload, 'mine'))[0]).toBe('OK')
    expect(await bed.as('bob').receive()).toMatchObject([
      {
        message: {
          text: 'mine',
          attachment: { fileName: 'notes.txt', mediaType: 'text/plain', size: '3000' },
        },
      },
    ])
    expect((await getFile(bed, 'bob', 1, { way })).bytes.equals(bytes)).toBe(true)
  })
})

test('a file that was sent over SOAP is there after a restart, and gone with its acknowledgement', async () => {
  const folder = await makeLmdbFolder()
  async function restart(): Promise<MessagingBed> {
    await folder.reopen()
    return openMessagingBed({ backend: folder.backend })
  }
  let bed = await restart()
  await bed.add('ada', 'bob')
  for (const way of WAYS) {
    await sendFile(bed, 'ada', { recipient: 'bob', clientMessageId: way, bytes: BYTES }, { way })
  }
  await bed.close()

  bed = await restart()
  expect(await bed.as('bob').receive()).toHaveLength(2)
  for (const seq of [1, 2])
    expect((await getFile(bed, 'bob', seq, { way: 'mtom' })).bytes.equals(BYTES)).toBe(true)
  expect(await filesIn(folder.path)).toHaveLength(2)
  const again = await sendFile(
    bed,
    'ada',
    { recipient: 'bob', clientMessageId: 'mtom', bytes: BYTES },
    { way: 'mtom' },
  )
  expect(again.result?.messageId).toBe('0')
  await bed.as('bob').acknowledge(2)
  await bed.close()

  await restart().then((last) => last.close())
  expect(await filesIn(folder.path)).toEqual([])
  await folder.close()
  await removeTempFolders()
})
