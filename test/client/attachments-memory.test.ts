import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import type { Incoming } from '../../src/client/client.ts'
import { createClient } from '../../src/client/connect.ts'
import { createVerifier } from '../../src/client/scram.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { WIDE_LIMITS } from '../support/backends.ts'
import { createCollector } from '../support/collector.ts'
import { fileBytes } from '../support/files.ts'
import { openServer } from '../support/server.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { user } from '../support/words.ts'

afterEach(removeTempFolders)

/** Four pieces of 16 KiB on the wire, one piece of the source, and one in hand. */
const MOST_ON_ITS_WAY = 256 * 1024
const FILE_BYTES = 10 * 1024 * 1024

test('of a file of 10 MiB no more than a few pieces are anywhere between its source and its disk, either way', async () => {
  const backend = await openLmdbBackend({ folder: await makeTempFolder(), limits: WIDE_LIMITS, observer: {} })
  /** What has left one end and not come to the other: now, and at most. */
  const onItsWay = { sent: 0, arrived: 0, most: 0 }
  const leaves = (bytes: number) => {
    onItsWay.sent += bytes
    onItsWay.most = Math.max(onItsWay.most, onItsWay.sent - onItsWay.arrived)
  }
  const counted: typeof backend = {
    ...backend,
    attachments: {
      async begin(maxBytes) {
        const upload = await backend.attachments.begin(maxBytes)
        return {
          finish: () => upload.finish(),
          discard: () => upload.discard(),
          get size() {
            return upload.size
          },
          get over() {
            return upload.over
          },
          async write(chunk) {
            await upload.write(chunk)
            onItsWay.arrived += chunk.length
          },
        }
      },
      async open(id) {
        const reader = await backend.attachments.open(id)
        return {
          ...reader,
          async read(offset, length) {
            const bytes = await reader.read(offset, length)
            leaves(bytes.length)
            return bytes
          },
        }
      },
    },
  }
  const server = await openServer({ backend: counted })
  await server.messaging.register(user('alice'), toByteString(''))
  await server.messaging.register(user('bob'), await createVerifier('secret', 'generated'))
  const forBob = createCollector<Incoming>()
  const where = { server: '127.0.0.1', port: server.port }
  const [alice, bob] = [createClient(where, () => {}), createClient(where, forBob.add)]
  try {
    await alice.connect('alice')
    await bob.connect('bob', { secret: 'secret' })
    const piece = fileBytes(64 * 1024)
    await alice.sendAttachment('bob', '', {
      name: 'large',
      size: FILE_BYTES,
      async *content() {
        for (let at = 0; at < FILE_BYTES; at += piece.length) {
          leaves(piece.length)
          yield piece
        }
      },
    })
    expect(onItsWay).toMatchObject({ sent: FILE_BYTES, arrived: FILE_BYTES })
    expect(onItsWay.most).toBeLessThanOrEqual(MOST_ON_ITS_WAY)

    Object.assign(onItsWay, { sent: 0, arrived: 0, most: 0 })
    const [item] = await forBob.count(1)
    if (item?.kind !== 'message') throw new Error('no message')
    for await (const bytes of item.attachment?.open() ?? []) {
      onItsWay.arrived += bytes.length
      // A slow disk.
      await new Promise(setImmediate)
    }
    expect(onItsWay).toMatchObject({ sent: FILE_BYTES, arrived: FILE_BYTES })
    expect(onItsWay.most).toBeLessThanOrEqual(MOST_ON_ITS_WAY)
  } finally {
    for (const client of [alice, bob]) await client.close()
    await server.close()
    await backend.close()
  }
})
