import type { AttachmentId, Attachments, StoredFile } from '../../src/domain/attachments.ts'
import type { Backend } from '../../src/domain/backend.ts'
import type { MailboxLimits } from '../../src/domain/store.ts'
import { createBackendBed } from '../support/backend-bed.ts'
import { BACKENDS, FORGETFUL_LMDB, WIDE_LIMITS } from '../support/backends.ts'
import { attached, fileBytes, keep, readFile, sha256 } from '../support/files.ts'
import { envelope, mailbox, register, send, user } from '../support/words.ts'

/** What every backend must do with files, wherever it keeps them (src/domain/attachments.ts). */
describe.each([...BACKENDS, FORGETFUL_LMDB])('the files of a backend: $name', (kind) => {
  const { open } = createBackendBed(kind)

  /** A backend with romeo and juliet. */
  async function verona(limits?: MailboxLimits): Promise<Backend> {
    const backend = await open(limits)
    await register(backend.store, 'romeo', 'juliet')
    return backend
  }

  const isThere = (attachments: Attachments, id: AttachmentId) =>
    attachments.open(id).then(
      (reader) => reader.close().then(() => true),
      () => false,
    )

  const sendFile = async ({ store }: Backend, file: StoredFile, ref = '', text = 'see this') => {
    const [outcome] = await store.append([
      { ...envelope('romeo', 'juliet', text, ref), attachment: attached(file) },
    ])
    return outcome
  }

  test('what was written in pieces is read in pieces, and has the size and the sum of all', async () => {
    const { attachments } = await verona()
    const bytes = fileBytes(100_000)
    const upload = await attachments.begin(bytes.length)
    for (let at = 0; at < bytes.length; at += 7_777) await upload.write(bytes.subarray(at, at + 7_777))
    expect([upload.size, upload.over]).toEqual([bytes.length, false])
    const file = await upload.finish()
    expect(upload.over).toBe(true)
    expect(file).toMatchObject({ size: bytes.length, sha256: sha256(bytes) })
    expect((await readFile(attachments, file.id)).equals(bytes)).toBe(true)
    const reader = await attachments.open(file.id)
    expect(Buffer.from(await reader.read(99_990, 100)).equals(bytes.subarray(99_990))).toBe(true)
    expect(await reader.read(100_000, 100)).toHaveLength(0)
    expect(await reader.read(2 ** 40, 100)).toHaveLength(0)
    await reader.close()
  })

  test('bytes that are used again by whoever wrote them are in the file as they were', async () => {
    const { attachments } = await verona()
    const upload = await attachments.begin(6)
    const chunk = Buffer.from('abc')
    await upload.write(chunk)
    chunk.write('xyz')
    await upload.write(chunk)
    const { id } = await upload.finish()
    expect(String(await readFile(attachments, id))).toBe('abcxyz')
  })

  test('a file without a byte is a file', async () => {
    const { attachments } = await verona()
    const file = await keep(attachments, Buffer.alloc(0))
    expect(file).toMatchObject({ size: 0, sha256: sha256(Buffer.alloc(0)) })
    expect(await readFile(attachments, file.id)).toHaveLength(0)
  })

  test('a byte too many is refused with too-large, and the upload is over', async () => {
    const { attachments } = await verona()
    const upload = await attachments.begin(10)
    await upload.write(Buffer.alloc(10))
    await expect(upload.write(Buffer.alloc(1))).rejects.toMatchObject({ code: 'too-large' })
    await expect(upload.finish()).rejects.toMatchObject({ code: 'invalid-request' })
  })

  test('what was discarded is gone, finished or not; discarding twice does no harm', async () => {
    const { attachments } = await verona()
    const finished = await attachments.begin(3)
    await finished.write(Buffer.from('abc'))
    const { id } = await finished.finish()
    await finished.discard()
    await finished.discard()
    expect(await isThere(attachments, id)).toBe(false)
    const unfinished = await attachments.begin(3)
    await unfinished.discard()
    expect(unfinished.over).toBe(true)
    await expect(unfinished.write(Buffer.from('a'))).rejects.toMatchObject({ code: 'invalid-request' })
  })

  test('names that are no file of ours are refused, whatever they point to', async () => {
    const { attachments } = await verona()
    for (const name of ['', '.', '../store.mdb', '/etc/passwd', 'f'.repeat(32)]) {
      await expect(attachments.open(name as AttachmentId)).rejects.toMatchObject({ code: 'invalid-request' })
    }
  })

  test('a message brings its file along; it goes when the message is confirmed, not before', async () => {
    const backend = await verona()
    const { store, attachments } = backend
    const upload = await attachments.begin(5)
    await upload.write(Buffer.from('hello'))
    const file = await upload.finish()
    expect(await sendFile(backend, file)).toBe(0)
    await upload.discard() // it is the message's by now
    await send(store, 'romeo', 'juliet', 'plain')
    const [first, second] = await mailbox(store, 'juliet')
    expect(first).toMatchObject({ kind: 'message', text: 'see this', attachment: attached(file) })
    expect(second).not.toHaveProperty('attachment')
    expect(String(await readFile(attachments, file.id))).toBe('hello')
    await store.confirm(user('juliet'), first?.seq ?? 0)
    expect(await isThere(attachments, file.id)).toBe(false)
    expect(await mailbox(store, 'romeo')).toMatchObject([{ kind: 'receipt', id: 0 }])
  })

  test('a message that was there already keeps its first file, and the second one goes', async () => {
    const backend = await verona()
    const { store, attachments } = backend
    const first = await keep(attachments, Buffer.from('one'))
    const second = await keep(attachments, Buffer.from('one'))
    expect([await sendFile(backend, first, 'ref'), await sendFile(backend, second, 'ref')]).toEqual([0, 0])
    expect(await mailbox(store, 'juliet')).toMatchObject([{ attachment: { id: first.id } }])
    expect(await isThere(attachments, first.id)).toBe(true)
    expect(await isThere(attachments, second.id)).toBe(false)
  })

  test('the file of a message that is refused goes at once', async () => {
    const { store, attachments } = await verona({ items: 0, bytes: 100 })
    const files = [await keep(attachments, Buffer.from('a')), await keep(attachments, Buffer.from('b'))]
    const outcomes = await store.append([
      { ...envelope('romeo', 'juliet', 'full'), attachment: attached(files[0] as StoredFile) },
      { ...envelope('romeo', 'nobody', 'who'), attachment: attached(files[1] as StoredFile) },
    ])
    expect(outcomes).toMatchObject([{ code: 'mailbox-full' }, { code: 'no-such-user' }])
    for (const { id } of files) expect(await isThere(attachments, id)).toBe(false)
  })

  test('files that wait count against a limit of their own, until they are confirmed', async () => {
    const backend = await verona({ ...WIDE_LIMITS, attachmentBytes: 100 })
    const { store, attachments } = backend
    expect(await sendFile(backend, await keep(attachments, Buffer.alloc(60)))).toBe(0)
    expect(await sendFile(backend, await keep(attachments, Buffer.alloc(40)))).toBe(1)
    expect(await sendFile(backend, await keep(attachments, Buffer.alloc(1)))).toMatchObject({
      code: 'mailbox-full',
    })
    expect(await send(store, 'romeo', 'juliet', 'words still fit')).toBe(2)
    const [first] = await mailbox(store, 'juliet')
    await store.confirm(user('juliet'), first?.seq ?? 0)
    expect(await sendFile(backend, await keep(attachments, Buffer.alloc(61)))).toMatchObject({
      code: 'mailbox-full',
    })
    expect(await sendFile(backend, await keep(attachments, Buffer.alloc(60)))).toBe(3)
  })

  test('what append would refuse is known before a file has come, and takes nothing', async () => {
    const { store, attachments } = await verona({ items: 2, bytes: 10, attachmentBytes: 100 })
    const refusal = async (name: string, text: number, file: number) =>
      (await store.refusal(user(name), text, file))?.code
    expect(await refusal('juliet', 10, 100)).toBeUndefined()
    expect(await refusal('nobody', 0, 0)).toBe('no-such-user')
    expect(await refusal('juliet', 11, 0)).toBe('mailbox-full')
    expect(await refusal('juliet', 0, 101)).toBe('mailbox-full')
    const file = await keep(attachments, Buffer.alloc(60))
    await store.append([{ ...envelope('romeo', 'juliet', '123456'), attachment: attached(file) }])
    expect([await refusal('juliet', 4, 40), await refusal('juliet', 4, 41)]).toEqual([
      undefined,
      'mailbox-full',
    ])
    expect(await refusal('juliet', 5, 0)).toBe('mailbox-full')
    await send(store, 'romeo', 'juliet', '')
    expect(await refusal('juliet', 0, 0)).toBe('mailbox-full')
  })

  test('the files of an account that is removed go with it, and those that it sent stay', async () => {
    const backend = await verona()
    const { store, attachments } = backend
    const waiting = await keep(attachments, Buffer.from('for juliet'))
    const sent = await keep(attachments, Buffer.from('by juliet'))
    await sendFile(backend, waiting)
    await store.append([{ ...envelope('juliet', 'romeo', ''), attachment: attached(sent) }])
    await store.removeAccount(user('juliet'))
    // Beside the daily work: each commit takes some of it along.
    for (let i = 0; i < 10 && (await isThere(attachments, waiting.id)); i++) {
      await send(store, 'romeo', 'romeo', 'note')
    }
    expect(await isThere(attachments, waiting.id)).toBe(false)
    expect(String(await readFile(attachments, sent.id))).toBe('by juliet')
  })
})
