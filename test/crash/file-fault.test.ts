import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Client, Incoming } from '../../src/client/client.ts'
import { createClient } from '../../src/client/connect.ts'
import { createCollector } from '../support/collector.ts'
import { describeWith } from '../support/describe-with.ts'
import { fileBytes, outgoing } from '../support/files.ts'
import { envelope, readAnswer, request, usernameToken } from '../support/messaging-calls.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

const SOURCE = fileURLToPath(new URL('disk-fault.c', import.meta.url))
const SECRET = 'the secret of both'
const BYTES = fileBytes(100_000)

/** Reliability R3 for files: the disk fails in the middle of one. */
describeWith('gcc')('a disk that fails while a file comes in', () => {
  let library: string
  let folder: string
  let server: ServerProcess
  let clients: Client[]

  beforeAll(async () => {
    library = join(await makeTempFolder(), 'disk-fault.so')
    await promisify(execFile)('gcc', ['-shared', '-fPIC', '-o', library, SOURCE, '-ldl'])
  }, 60_000)
  afterAll(removeTempFolders)
  beforeEach(async () => {
    folder = await makeTempFolder()
    clients = []
  })
  afterEach(async () => {
    for (const client of clients) await client.close()
    await server.kill()
  })

  const start = async (fault?: string) => {
    const env = fault === undefined ? {} : { LD_PRELOAD: library, DISK_FAULT: fault }
    server = await startServerProcess({ folder, env })
  }
  const files = () => readdirSync(join(folder, 'attachments'))

  /** A client as which somebody is connected. */
  async function connected(name: string, take: (item: Incoming) => void = () => {}): Promise<Client> {
    const client = createClient({ server: '127.0.0.1', port: server.port }, take)
    clients.push(client)
    await client.connect(name, { secret: SECRET })
    return client
  }

  /** Ada and bob have accounts; resolves to a client as which ada is connected. */
  async function registered(): Promise<Client> {
    const client = createClient({ server: '127.0.0.1', port: server.port }, () => {})
    clients.push(client)
    for (const name of ['ada', 'bob']) await client.register(name, { kind: 'generated', secret: SECRET })
    await client.connect('ada', { secret: SECRET })
    return client
  }

  /** What bob gets: the texts, and the files, whole. */
  async function received(count: number): Promise<readonly (readonly [string, Buffer | undefined])[]> {
    const items = createCollector<Incoming>()
    await connected('bob', items.add)
    const got: [string, Buffer | undefined][] = []
    for (const item of await items.count(count)) {
      if (item.kind !== 'message') continue
      const pieces: Uint8Array[] = []
      for await (const piece of item.attachment?.open() ?? []) pieces.push(piece)
      got.push([item.text, item.attachment && Buffer.concat(pieces)])
    }
    return got
  }

  test.each([
    ['a piece cannot be written', 'write 3 5'],
    ['it becomes full', 'write 3 28'],
    ['the file cannot be synced', 'fsync 1 5'],
    ['its name cannot be synced', 'fsync 2 5'],
  ])(
    '%s: the file is refused and nothing of it is left, messages go on, and the next file too',
    async (_, fault) => {
      await start(fault)
      const ada = await registered()
      const refused = ada.sendAttachment('bob', 'refused', outgoing(BYTES))
      await expect(refused).rejects.toMatchObject({
        code: 'unavailable',
        message: fault.endsWith('28')
          ? 'the server has no room for this file'
          : 'the server could not store this file',
      })
      expect(files()).toEqual([])
      expect((await server.readyz()).status).toBe(200)
      await ada.send('bob', 'words')
      await ada.sendAttachment('bob', 'next', outgoing(BYTES))
      await server.kill()
      await start()
      expect(await received(2)).toEqual([
        ['words', undefined],
        ['next', BYTES],
      ])
      expect(files()).toHaveLength(1)
    },
  )

  test('a piece is written in two halves: the file is whole all the same', async () => {
    await start('write 2 0')
    const ada = await registered()
    await ada.sendAttachment('bob', 'whole', outgoing(BYTES))
    expect(await received(1)).toEqual([['whole', BYTES]])
  })

  test('over SOAP it is TemporarilyUnavailable, and the same request again stores the file once', async () => {
    await start('write 1 28')
    await registered()
    const send = async () => {
      const body = request('SendAttachment', {
        recipient: 'bob',
        fileName: 'plan.pdf',
        content: BYTES.toString('base64'),
        clientMessageId: 'order-18',
      })
      const response = await fetch(`http://127.0.0.1:${server.soapPort}/messaging`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/xml' },
        body: envelope(body, { header: usernameToken('ada', SECRET) }),
      })
      return readAnswer(response.status, await response.text())
    }
    expect((await send()).fault).toMatchObject({ code: 'Server', name: 'TemporarilyUnavailable' })
    expect(files()).toEqual([])
    expect((await send()).result).toEqual((await send()).result)
    expect(files()).toHaveLength(1)
    expect(await received(1)).toEqual([['', BYTES]])
  })
})
