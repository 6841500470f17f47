import { type AttachmentId, type Attachments, lostFile } from '../../domain/attachments.ts'
import { createAttachmentId, createUpload } from '../upload.ts'

/** Files in memory, with what their store does to them. */
export interface MemoryAttachments extends Attachments {
  /** A message has this file now: its upload cannot take it away any more. */
  take(id: AttachmentId): void
  remove(id: AttachmentId): void
}

/** Keeps files in memory: the reference for what attachments must do, and the test bed. */
export function createMemoryAttachments(): MemoryAttachments {
  const files = new Map<AttachmentId, Buffer>()
  const taken = new Set<AttachmentId>()

  return {
    async begin(maxBytes) {
      const id = createAttachmentId()
      const chunks: Buffer[] = []
      return createUpload(id, maxBytes, {
        // A copy: whoever writes may use the bytes again.
        write: async (chunk) => void chunks.push(Buffer.from(chunk)),
        finish: async () => void files.set(id, Buffer.concat(chunks)),
        async remove() {
          if (!taken.has(id)) files.delete(id)
        },
      })
    },

    async open(id) {
      const file = files.get(id)
      if (file === undefined) throw lostFile()
      return {
        size: file.length,
        read: async (offset, length) => file.subarray(offset, offset + length),
        close: async () => {},
      }
    },

    take: (id) => void taken.add(id),

    remove(id) {
      files.delete(id)
      taken.delete(id)
    },
  }
}
