import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { fileBytes } from '../../support/files.ts'
import { type LmdbFolder, makeLmdbFolder } from '../../support/lmdb-folder.ts'
import { type MessagingBed, openMessagingBed } from '../../support/messaging-bed.ts'
import { VERSIONS } from '../../support/messaging-calls.ts'
import { removeTempFolders } from '../../support/temp-folder.ts'
import { LOCAL } from '../callers.ts'
import { callParts, include, multipart, part, problemOf } from '../mtom/packages.ts'
import {
  type FileToSend,
  filesIn,
  getFile,
  rootOf,
  sendAttachment,
  sendFile,
  WAYS,
} from './attachments-bed.ts'

const BYTES = fileBytes(100_000)

describe.each(VERSIONS)('files that are refused over SOAP %s', (version) => {
  let folder: LmdbFolder
  let bed: MessagingBed
  beforeAll(async () => {
    folder = await makeLmdbFolder()
    await folder.reopen({}, { items: 2, bytes: 1_000_000 })
    bed = await openMessagingBed({ backend: folder.backend, maxAttachmentBytes: 200_000 })
    await bed.add('ada', 'bob', 'fay')
    await bed.addOpen('eve')
    for (const text of ['fills', 'the mailbox']) await bed.as('ada').send('fay', text)
  })
  afterAll(async () => {
    await bed.close()
    await folder.close()
    await removeTempFolders()
  })
  // Whatever was refused, nothing of it is left.
  afterEach(async () => {
    expect(await filesIn(folder.path)).toEqual([])
    expect(await bed.as('bob').receive()).toEqual([])
  })

  describe.each(WAYS)('%s', (way) => {
    const send = (file: Partial<FileToSend>, user = 'ada') =>
      sendFile(bed, user, { recipient: 'bob', bytes: BYTES, ...file }, { way, version })

    test('AttachmentTooLarge: the file is longer than the server takes', async () => {
      const { fault } = await send({ bytes: fileBytes(200_001) })
      expect(fault).toMatchObject({ name: 'AttachmentTooLarge', reason: 'a file has at most 200000 bytes' })
      expect(fault?.detail.maxAttachmentBytes).toBe('200000')
      expect(bed.failures.at(-1)).toMatchObject({ fault: 'AttachmentTooLarge', cause: undefined })
    })

    test('MessageTooLong: the text is', async () => {
      const { fault } = await send({ text: 'x'.repeat(1001) })
      expect(fault).toMatchObject({ name: 'MessageTooLong' })
      expect(fault?.detail.maxTextBytes).toBe('1000')
    })

    test('UserNotFound: there is no such recipient', async () => {
      expect((await send({ recipient: 'nobody' })).fault?.name).toBe('UserNotFound')
    })

    test('MailboxFull: the recipient has not acknowledged enough', async () => {
      expect((await send({ recipient: 'fay' })).fault?.name).toBe('MailboxFull')
    })

    test('NotAllowed: the recipient has no password', async () => {
      expect((await send({ recipient: 'eve' })).fault?.name).toBe('NotAllowed')
    })

    test('NotAuthenticated: nobody knows the sender', async () => {
      expect((await send({}, 'nobody')).fault?.name).toBe('NotAuthenticated')
    })

    test.each([
      [{ fileName: '' }],
      [{ fileName: 'x'.repeat(256) }],
      [{ fileName: 'a\tb' }],
      [{ mediaType: 'nothing' }],
      [{ clientMessageId: 'x'.repeat(65) }],
    ])('InvalidRequest: %j', async (file) => {
      expect((await send(file)).fault?.name).toBe('InvalidRequest')
    })

    test.each([0, 1_000_000, '9223372036854775807', '-1'])(
      'AttachmentNotFound: nothing has the seq %s',
      async (seq) => {
        expect((await getFile(bed, 'bob', seq, { way, version })).fault?.name).toBe('AttachmentNotFound')
      },
    )

    test('AttachmentNotFound: the message has no file', async () => {
      await bed.as('ada').send('bob', 'without a file')
      const [entry] = await bed.as('bob').receive()
      expect((await getFile(bed, 'bob', entry?.seq ?? '', { way, version })).fault?.name).toBe(
        'AttachmentNotFound',
      )
      await bed.as('bob').acknowledge(entry?.seq ?? '')
    })

    test("AttachmentNotFound: it waits in somebody else's mailbox, or waited", async () => {
      await send({})
      const [entry] = await bed.as('bob').receive()
      const get = async (user: string) =>
        (await getFile(bed, user, entry?.seq ?? '', { way, version })).fault?.name
      expect([await get('ada'), await get('bob')]).toEqual(['AttachmentNotFound', undefined])
      await bed.as('bob').acknowledge(entry?.seq ?? '')
      expect(await get('bob')).toBe('AttachmentNotFound')
    })

    test.each([
      ['gone', (path: string) => rmSync(path)],
      ['cut short', (path: string) => truncateSync(path, 50_000)],
    ])(
      'AttachmentNotFound: the file is %s on the server, so that asking again is of no use',
      async (_, harm) => {
        await send({})
        const [entry] = await bed.as('bob').receive()
        for (const file of await filesIn(folder.path)) harm(join(folder.path, 'attachments', file))
        const { fault } = await getFile(bed, 'bob', entry?.seq ?? '', { way, version })
        expect(fault).toMatchObject({ name: 'AttachmentNotFound', reason: expect.stringContaining('lost') })
        await bed.as('bob').acknowledge(entry?.seq ?? '')
      },
    )
  })

  const whole = (user = 'ada', file: Partial<FileToSend> = {}) =>
    multipart([
      rootOf(user, version, sendAttachment({ recipient: 'bob', bytes: BYTES, ...file }, include('cid:f'))),
      part('f', BYTES),
    ])
  const head = { caller: LOCAL }

  test.each<readonly [string, Partial<FileToSend> & { readonly user?: string }, RegExp]>([
    ['a caller whom nobody knows', { user: 'nobody' }, /user or secret/i],
    ['who sends to nobody', { recipient: 'nobody' }, /no such user/],
    ['who sends to somebody without a password', { recipient: 'eve' }, /no credential/],
    ['who sends to a full mailbox', { recipient: 'fay' }, /mailbox of the recipient is full/],
    ['whose text is too long', { text: 'x'.repeat(1001) }, /at most 1000 bytes/],
    ['who gives a name that is none', { fileName: 'a\tb' }, /no control characters/],
  ])('nothing of a file is read of %s', async (_, { user, ...file }, wanted) => {
    const body = whole(user, file)
    let read = 0
    async function* chunks() {
      for (let at = 0; at < body.length; at += 1000) {
        read = at
        yield body.subarray(at, at + 1000)
      }
    }
    const [, reason] = await problemOf(await callParts(bed.endpoint, version, chunks(), head))
    expect(reason).toMatch(wanted)
    expect(read).toBeLessThan(5000)
  })

  test('a caller that goes away in the middle leaves nothing', async () => {
    const body = whole()
    async function* chunks() {
      yield body.subarray(0, 50_000)
      expect(await filesIn(folder.path)).toHaveLength(1)
      throw new Error('aborted')
    }
    const [, reason] = await problemOf(await callParts(bed.endpoint, version, chunks(), head))
    expect(reason).toBe('the request was not sent to its end')
    // Its place is free again: many go away, and one more can still send.
    for (let more = 0; more < 6; more++) await callParts(bed.endpoint, version, chunks(), head)
  })

  test('nor does a message that turns out to be wrong behind the file', async () => {
    const body = Buffer.concat([whole().subarray(0, -4), Buffer.from('\r\n\r\nmore')])
    async function* chunks() {
      yield body
    }
    const [, reason] = await problemOf(await callParts(bed.endpoint, version, chunks(), head))
    expect(reason).toBe('no element refers to the part without a Content-ID')
  })
})
