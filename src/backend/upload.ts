import { createHash, randomBytes } from 'node:crypto'
import type { AttachmentId, Upload } from '../domain/attachments.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'

/** Where an upload puts its bytes. */
export interface UploadSink {
  /** Adds bytes at the end. */
  write(chunk: Uint8Array): Promise<void>
  /** Everything, and the name it is found under, is on disk; nothing more is added. */
  finish(): Promise<void>
  /** Takes it away, however far it has come. */
  remove(): Promise<void>
}

/** The name of a new file: nobody can guess it, and none is used twice. */
export function createAttachmentId(): AttachmentId {
  return randomBytes(16).toString('hex') as AttachmentId
}

/** An upload into a sink: what all backends do alike, the limit and the sum. */
export function createUpload(id: AttachmentId, maxBytes: number, sink: UploadSink): Upload {
  const hash = createHash('sha256')
  let size = 0
  let over = false
  let underWay: Promise<unknown> = Promise.resolve()
  let discarded: Promise<void> | undefined

  const upload: Upload = {
    get size() {
      return size
    },
    get over() {
      return over
    },
    write: (chunk) =>
      attempt(async () => {
        if (size + chunk.length > maxBytes)
          throw new Fault('too-large', `a file has at most ${maxBytes} bytes`)
        await sink.write(chunk)
        hash.update(chunk)
        size += chunk.length
      }),
    finish: () =>
      attempt(async () => {
        over = true
        await sink.finish()
        return { id, size, sha256: hash.digest('hex') as ByteString }
      }),
    discard() {
      over = true
      discarded ??= underWay.then(() => sink.remove()).catch(() => {})
      return discarded
    },
  }
  return upload

  async function attempt<Outcome>(work: () => Promise<Outcome>): Promise<Outcome> {
    if (over) throw new Fault('invalid-request', 'this upload is over')
    const outcome = work()
    underWay = outcome.catch(() => {})
    try {
      return await outcome
    } catch (error) {
      await upload.discard()
      throw error instanceof Fault ? error : new Fault('unavailable', storageProblem(error))
    }
  }
}

/** Why a file could not be stored, in words that give nothing of the server away. */
function storageProblem(error: unknown): string {
  const full = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
  return full ? 'the server has no room for this file' : 'the server could not store this file'
}
