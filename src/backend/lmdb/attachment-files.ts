import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs'
import { type FileHandle, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type AttachmentId, type Attachments, lostFile } from '../../domain/attachments.ts'
import { Fault } from '../../domain/fault.ts'
import type { Item } from '../../domain/message.ts'
import { createAttachmentId, createUpload } from '../upload.ts'

/** The folder of the files, in the data folder. */
export const ATTACHMENTS_FOLDER = 'attachments'

/** What stays free on the disk when files come in: messages go on being stored when files are refused. */
const RESERVED_BYTES = 16 * 1024 * 1024

/** What `createAttachmentId` makes, and so what may stand in a path. */
const ATTACHMENT_ID = /^[0-9a-f]{32}$/

/** Files in a data folder, with what its store does to them. */
export interface AttachmentFiles extends Attachments {
  /** A message is about to have this file: its upload cannot take it away any more. */
  take(id: AttachmentId): void
  /** Removes files that no message has any more. What cannot be removed is removed by a later `sweep`. Never rejects. */
  remove(ids: Iterable<AttachmentId>): Promise<void>
  /** Removes every file but those that messages refer to and those of uploads, and finds out which of the former are missing. */
  sweep(referred: ReadonlySet<AttachmentId>): Promise<void>
  /** Items as the mailbox has them, with what is known to be lost said of it: such a message is served all the same. */
  withLost(items: readonly Item[]): readonly Item[]
  /** Closes what is still being written; it goes with the next `sweep`. */
  close(): Promise<void>
}

/** Opens the files of a data folder, one file each, under names of our own. Throws the error of the file system. */
export function openAttachmentFiles(
  dataFolder: string,
  onProblem: (where: string, error: unknown) => void,
): AttachmentFiles {
  const folder = join(dataFolder, ATTACHMENTS_FOLDER)
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    syncFolderNow(dataFolder)
  }
  /** Files that no message has taken. */
  const uploads = new Set<AttachmentId>()
  /** Each closes a file that is being written. */
  const writing = new Set<() => Promise<void>>()
  /** Files that messages refer to and that were not there. */
  let missing = new Set<AttachmentId>()

  return {
    async begin(maxBytes) {
      await assertRoom(maxBytes)
      const id = createAttachmentId()
      const path = join(folder, id)
      const file = await open(path, 'wx', 0o600).catch((error) => {
        onProblem('attachment', error)
        throw new Fault('unavailable', 'the server could not store this file')
      })
      uploads.add(id)
      let closed: Promise<void> | undefined
      const close = (): Promise<void> => {
        writing.delete(close)
        closed ??= file.close()
        return closed
      }
      writing.add(close)
      return createUpload(id, maxBytes, {
        write: (chunk) => writeAll(file, chunk),
        async finish() {
          await file.sync()
          await close()
          await syncFolder(folder)
        },
        async remove() {
          await close().catch(() => {})
          if (uploads.delete(id)) await rm(path, { force: true })
        },
      })
    },

    async open(id) {
      // Not the name of a file of ours: a record was damaged.
      if (!ATTACHMENT_ID.test(id)) throw lostFile()
      try {
        const file = await open(join(folder, id), 'r')
        const { size } = await file.stat()
        return {
          size,
          async read(offset, length) {
            const chunk = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)))
            try {
              const { bytesRead } = await file.read(chunk, 0, chunk.length, offset)
              return chunk.subarray(0, bytesRead)
            } catch (error) {
              throw unreadable(error)
            }
          },
          close: () => file.close(),
        }
      } catch (error) {
        const fault = unreadable(error)
        // A folder that is away may come back, with its disk.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !existsSync(folder)) throw fault
        missing.add(id)
        throw lostFile()
      }
    },

    take: (id) => void uploads.delete(id),

    async remove(ids) {
      for (const id of ids) {
        missing.delete(id)
        await rm(join(folder, id), { force: true }).catch((error) =>
          onProblem('removing an attachment', error),
        )
      }
    },

    async sweep(referred) {
      const there = new Set(readdirSync(folder) as AttachmentId[])
      missing = new Set([...referred].filter((id) => !there.has(id)))
      if (missing.size > 0)
        onProblem('attachments', new Error(`${missing.size} files of messages are missing`))
      for (const id of there) {
        if (referred.has(id) || uploads.has(id) || !ATTACHMENT_ID.test(id)) continue
        await rm(join(folder, id), { force: true }).catch((error) =>
          onProblem('removing an attachment', error),
        )
      }
    },

    withLost: (items) => (missing.size === 0 ? items : items.map(lostOrNot)),

    async close() {
      for (const closeFile of writing) await closeFile().catch(() => {})
    },
  }

  function lostOrNot(item: Item): Item {
    if (item.kind !== 'message' || item.attachment === undefined) return item
    return missing.has(item.attachment.id)
      ? { ...item, attachment: { ...item.attachment, lost: true } }
      : item
  }

  async function assertRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize >= bytes + RESERVED_BYTES) return
    throw new Fault('unavailable', 'the server has no room for this file')
  }

  function unreadable(error: unknown): Fault {
    onProblem('reading an attachment', error)
    return new Fault('unavailable', 'the file cannot be read on the server')
  }
}

/** Is the file of an attachment there, as long as it should be? */
export function attachmentFileFits(
  dataFolder: string,
  { id, size }: { id: AttachmentId; size: number },
): boolean {
  if (!ATTACHMENT_ID.test(id)) return false
  const found = statSync(join(dataFolder, ATTACHMENTS_FOLDER, id), { throwIfNoEntry: false })
  return found?.size === size
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await file.write(chunk, done)).bytesWritten
  }
}

/** A file whose name is not on disk is lost with the power. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function syncFolderNow(path: string): void {
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
