import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import type { ByteString } from '../../src/domain/byte-string.ts'
import { fromByteString } from '../../src/domain/byte-string.ts'
import { readFile, sha256 } from '../support/files.ts'
import type { HistoryEvent } from './history.ts'

/**
 * A process that opens stores and drains them, so that one which brings the process down brings down no test. Standard
 * input: one folder a line. Standard output: for each `{ events, problems }`, or `{ error }`.
 */
for await (const folder of createInterface({ input: process.stdin })) {
  process.stdout.write(
    `${JSON.stringify(await drain(folder).catch((error) => ({ error: String(error) })))}\n`,
  )
}

/** Opens the store and takes everything out of it, as clients do. */
async function drain(folder: string): Promise<{ events: HistoryEvent[]; problems: string[] }> {
  const events: HistoryEvent[] = []
  const problems: string[] = []
  const { store, attachments, close } = await openLmdbBackend({
    folder,
    limits: { items: 1_000_000, bytes: 1024 ** 3 },
    observer: { internalError: (where, error) => problems.push(`${where}: ${error}`) },
  })
  const filesAtStart = await readdir(join(folder, 'attachments'))
  let filesOfMessages = 0
  const users = await store.accounts('' as ByteString, 1000)
  for (let taken = 1; taken > 0; ) {
    taken = 0
    for (const { name } of users) {
      const items = await store.read(name, 0, 100_000)
      for (const item of items) {
        const user = fromByteString(name)
        if (item.kind === 'receipt') events.push({ kind: 'receipt', user, id: item.id })
        else {
          const { id, sender, text, attachment } = item
          const message = { recipient: user, text: fromByteString(text) }
          events.push({ ...message, kind: 'shown', sender: fromByteString(sender), id })
          if (attachment === undefined) continue
          filesOfMessages++
          const bytes = await readFile(attachments, attachment.id).catch(() => undefined)
          if (bytes !== undefined) events.push({ ...message, kind: 'file', file: sha256(bytes) })
        }
      }
      const last = items.at(-1)
      if (last === undefined) continue
      taken += items.length
      await store.confirm(name, last.seq)
    }
  }
  const left = await readdir(join(folder, 'attachments'))
  if (filesAtStart.length !== filesOfMessages) problems.push('files of no message were there after the start')
  if (left.length > 0) problems.push('files were there after all was confirmed')
  await close()
  return { events, problems }
}
