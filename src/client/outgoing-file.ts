import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Fault } from '../domain/fault.ts'

/** A file that is to be sent with a message. */
export interface OutgoingFile {
  /** What the recipient is told it is called: 1 to 255 bytes without control characters. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** What it holds, for instance `application/pdf`. */
  readonly mediaType?: string | undefined
  /** Its bytes from the beginning, in pieces of any size. Called again where a connection was lost and the upload begins anew. */
  content(): AsyncIterable<Uint8Array>
}

/** Why a path cannot be sent, where the system's own words would not say what to do. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'the file may not be read',
  ENOTDIR: 'there is no such file',
}

/** The file at a path, to be sent under its own name. Rejects with `invalid-request` when it cannot be read or is no file. */
export async function outgoingFile(path: string): Promise<OutgoingFile> {
  const refuse = (why: string) => new Fault('invalid-request', `${path}: ${why}`)
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw refuse('this is a folder, and only files can be sent')
    if (!found.isFile()) throw refuse('this is no ordinary file')
    await access(path, constants.R_OK)
    return { name: basename(path), size: found.size, content: () => createReadStream(path) }
  } catch (error) {
    if (error instanceof Fault) throw error
    const { code = '', message } = error as NodeJS.ErrnoException
    throw refuse(REASONS[code] ?? message)
  }
}
