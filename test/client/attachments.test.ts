import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import type { Client, Incoming, IncomingMessage, Receive } from '../../src/client/client.ts'
import { connect, createClient, type ServerOptions } from '../../src/client/connect.ts'
import { DamagedFile } from '../../src/client/errors.ts'
import { outgoingFile } from '../../src/client/outgoing-file.ts'
import { createVerifier } from '../../src/client/scram.ts'
import type { Backend } from '../../src/domain/backend.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { WIDE_LIMITS } from '../support/backends.ts'
import { createCollector } from '../support/collector.ts'
import { outgoing as file, fileBytes, sha256 } from '../support/files.ts'
import { openRelay, type Relay } from '../support/relay.ts'
import { openServer, type ServerUnderTest } from '../support/server.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { user } from '../support/words.ts'

const SECRET = 'a secret of bob'
const BACKOFF = { firstMs: 10, mostMs: 50 }

let backend: Backend
let server: ServerUnderTest
let relay: Relay
const opened: { close(): Promise<void> }[] = []

beforeEach(async () => {
  backend = createMemoryBackend(WIDE_LIMITS)
  server = await openServer({ backend, heartbeatSeconds: 0.2 })
  relay = await openRelay(() => server.port)
  await server.messaging.register(user('alice'), toByteString(''))
  await server.messaging.register(user('bob'), await createVerifier(SECRET, 'generated'))
})
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
  await relay.close()
  await server.close()
  await removeTempFolders()
})

/** A client behind the relay, as which alice or bob is connected. */
async function connected(
  name: 'alice' | 'bob',
  receive: Receive = () => {},
  options: ServerOptions = {},
): Promise<Client> {
  const where = { server: '127.0.0.1', port: relay.port, backoff: BACKOFF }
  const client = createClient({ ...where, ...options }, receive)
  opened.push(client)
  await client.connect(name, name === 'bob' ? { secret: SECRET } : {})
  return client
}

async function bytesOf(item: Incoming | undefined): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  if (item?.kind !== 'message' || item.attachment === undefined) throw new Error('there is no file')
  for await (const piece of item.attachment.open()) pieces.push(piece)
  return Buffer.concat(pieces)
}

const attachmentOf = (item: Incoming | undefined) => (item as IncomingMessage).attachment
const words = (items: readonly Incoming[]) =>
  items.map((item) => (item.kind === 'message' ? item.text : `receipt ${item.id}`))

async function emptied(name: string): Promise<void> {
  while ((await backend.store.waiting(user(name))) > 0) await new Promise(setImmediate)
}

test('a file arrives with its message, and is confirmed when whoever takes it says so', async () => {
  const bytes = fileBytes(300_000)
  const forAlice = createCollector<Incoming>()
  const forBob = createCollector<Incoming>()
  const alice = await connected('alice', forAlice.add)
  await connected('bob', forBob.add)
  const id = await alice.sendAttachment('bob', 'see this', file(bytes))
  const [item] = await forBob.count(1)
  const told = {
    name: 'report.pdf',
    size: 300_000,
    sha256: sha256(bytes),
    mediaType: 'application/pdf',
    lost: false,
  }
  expect(item).toMatchObject({ kind: 'message', id, sender: 'alice', text: 'see this', attachment: told })
  expect((await bytesOf(item)).equals(bytes)).toBe(true)
  attachmentOf(item)?.confirm()
  const [receipt] = await forAlice.count(1)
  expect(receipt).toMatchObject({ kind: 'receipt', id })
  await emptied('bob')
})

test('a session sends a file by its path, and a loop takes it', async () => {
  const path = join(await makeTempFolder(), 'note.txt')
  await writeFile(path, 'hello')
  const where = { server: '127.0.0.1', port: server.port }
  const alice = await connect({ ...where, user: 'alice' })
  const bob = await connect({ ...where, user: 'bob', secret: SECRET })
  opened.push(alice, bob)
  await alice.sendAttachment('bob', '', path)
  for await (const item of bob) {
    expect(attachmentOf(item)?.name).toBe('note.txt')
    expect(String(await bytesOf(item))).toBe('hello')
    attachmentOf(item)?.confirm()
    bob.confirm()
    break
  }
  await emptied('bob')
})

test('messages behind a file are given out while it comes, and nothing from it on is confirmed before it is safe', async () => {
  const forBob = createCollector<Incoming>()
  const alice = await connected('alice')
  await connected('bob', forBob.add)
  await alice.send('bob', 'before')
  await alice.sendAttachment('bob', 'with a file', file(fileBytes(10)))
  await alice.send('bob', 'behind')
  await alice.sendAttachment('bob', 'another', file(fileBytes(20)))
  const items = await forBob.count(4)
  expect(words(items)).toEqual(['before', 'with a file', 'behind', 'another'])
  while ((await backend.store.waiting(user('bob'))) > 3) await new Promise(setImmediate)
  attachmentOf(items[3])?.confirm()
  await alice.send('bob', 'last')
  await forBob.count(5)
  expect(await backend.store.waiting(user('bob'))).toBe(4)
  attachmentOf(items[1])?.confirm()
  await emptied('bob')
})

test('what was not safe comes again in the next session, file and all, and its message says that it was shown', async () => {
  const bytes = fileBytes(100)
  const stateFolder = await makeTempFolder()
  const forBob = createCollector<Incoming>()
  const alice = await connected('alice')
  const bob = await connected('bob', forBob.add, { stateFolder })
  await alice.sendAttachment('bob', 'one', file(bytes))
  await alice.send('bob', 'two')
  await alice.sendAttachment('bob', 'three', file(bytes))
  const first = await forBob.count(3)
  attachmentOf(first[2])?.confirm()
  await bob.disconnect('bob')

  // The same program knows that the file of the third is safe.
  await bob.connect('bob', { secret: SECRET })
  const second = await forBob.count(4)
  expect(second.slice(3)).toMatchObject([{ text: 'one', again: true }])
  expect((await bytesOf(second[3])).equals(bytes)).toBe(true)
  // What was opened in the earlier session has ended with it.
  attachmentOf(first[0])?.confirm()
  await expect(bytesOf(first[0])).rejects.toMatchObject({ code: 'not-connected' })
  await bob.close()

  // Another one does not; what was only a message is not shown again.
  const forNext = createCollector<Incoming>()
  await connected('bob', forNext.add, { stateFolder })
  const third = await forNext.count(2)
  expect(third).toMatchObject([
    { text: 'one', again: true },
    { text: 'three', again: true },
  ])
  for (const item of third) attachmentOf(item)?.confirm()
  await emptied('bob')
  expect(forNext.all).toHaveLength(2)
})

test('an upload that loses its connection begins anew, and the message is stored once', async () => {
  const bytes = fileBytes(400_000)
  const forBob = createCollector<Incoming>()
  const alice = await connected('alice')
  await connected('bob', forBob.add, { port: server.port })
  let begun = 0
  const sent = await alice.sendAttachment('bob', 'late', {
    ...file(bytes),
    async *content() {
      begun += 1
      yield bytes.subarray(0, 200_000)
      if (begun < 3) relay.cut()
      yield bytes.subarray(200_000)
    },
  })
  const [item] = await forBob.count(1)
  expect(item?.id).toBe(sent)
  expect(begun).toBe(3)
  expect((await bytesOf(item)).equals(bytes)).toBe(true)
  attachmentOf(item)?.confirm()
  await emptied('bob')
  expect(forBob.all).toHaveLength(1)
})

test('a message with a file whose answer was lost is stored once; its receipt is answer enough', async () => {
  const bytes = fileBytes(50_000)
  const forAlice = createCollector<Incoming>()
  const forBob = createCollector<Incoming>()
  const alice = await connected('alice', forAlice.add)
  await connected('bob', forBob.add, { port: server.port })
  let begun = 0
  const sending = alice.sendAttachment('bob', 'once', {
    ...file(bytes),
    async *content() {
      begun += 1
      yield bytes
      if (begun === 1) relay.swallow('server')
    },
  })
  const [item] = await forBob.count(1)
  attachmentOf(item)?.confirm()
  await emptied('bob')
  relay.cut()
  expect(await sending).toBe(item?.id)
  expect(await forAlice.count(1)).toMatchObject([{ kind: 'receipt', id: item?.id }])
  await emptied('alice')
  expect(forBob.all).toHaveLength(1)
})

test('a file whose connection is lost while it comes goes on where it was', async () => {
  const bytes = fileBytes(1_000_000)
  const forBob = createCollector<Incoming>()
  const alice = await connected('alice', () => {}, { port: server.port })
  await connected('bob', forBob.add)
  await alice.sendAttachment('bob', '', file(bytes))
  const [item] = await forBob.count(1)
  const pieces: Uint8Array[] = []
  for await (const piece of attachmentOf(item)?.open() ?? []) {
    pieces.push(piece)
    if (pieces.length === 10 || pieces.length === 30) relay.cut()
  }
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
  attachmentOf(item)?.confirm()
  await emptied('bob')
  expect(forBob.all).toHaveLength(1)
})

test('a file that is another one than was sent is damaged, at its end', async () => {
  const forBob = createCollector<Incoming>()
  const alice = await connected('alice')
  const { attachments } = backend
  const open = attachments.open.bind(attachments)
  attachments.open = async (id) => {
    const reader = await open(id)
    return { ...reader, read: async (at, length) => (await reader.read(at, length)).map((byte) => byte ^ 1) }
  }
  await connected('bob', forBob.add)
  await alice.sendAttachment('bob', '', file(fileBytes(10)))
  const [item] = await forBob.count(1)
  await expect(bytesOf(item)).rejects.toThrow(DamagedFile)
})

test('a file that changes while it is sent, or cannot be read, is not sent, and leaves room for others', async () => {
  const alice = await connected('alice')
  await connected('bob')
  const bytes = fileBytes(100_000)
  for (let time = 0; time < 6; time++) {
    await expect(alice.sendAttachment('bob', '', { ...file(bytes), size: 99_999 })).rejects.toMatchObject({
      code: 'invalid-request',
    })
    await expect(alice.sendAttachment('bob', '', { ...file(bytes), size: 100_001 })).rejects.toMatchObject({
      code: 'invalid-request',
    })
    await expect(
      alice.sendAttachment('bob', '', {
        ...file(bytes),
        // biome-ignore lint/correctness/useYield: it fails before it has anything
        async *content() {
          throw new Error('the disk is broken')
        },
      }),
    ).rejects.toThrow('the disk is broken')
  }
  expect(await backend.store.waiting(user('bob'))).toBe(0)
  await expect(outgoingFile('/no/such/file')).rejects.toThrow('/no/such/file: there is no such file')
  await expect(outgoingFile('/')).rejects.toThrow('this is a folder')
  await expect(outgoingFile('/dev/null')).rejects.toThrow('no ordinary file')
})

test('an upload that is given up with a signal is not sent, and the next one is', async () => {
  const alice = await connected('alice')
  const stop = new AbortController()
  const bytes = fileBytes(100_000)
  const sending = alice.sendAttachment(
    'bob',
    'given up',
    {
      ...file(bytes),
      async *content() {
        yield bytes.subarray(0, 50_000)
        stop.abort(new Error('enough'))
        yield bytes.subarray(50_000)
      },
    },
    { signal: stop.signal },
  )
  await expect(sending).rejects.toThrow('enough')
  await alice.sendAttachment('bob', 'sent', file(bytes))
  const forBob = createCollector<Incoming>()
  await connected('bob', forBob.add)
  expect(words(await forBob.count(1))).toEqual(['sent'])
})

test('DISCONNECT waits for the files that are being sent', async () => {
  const alice = await connected('alice')
  const sending = alice.sendAttachment('bob', '', file(fileBytes(500_000)))
  await alice.disconnect('alice')
  expect(await sending).toBe(0)
})
