import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, lstat, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { IncomingAttachment } from '../client/client.ts'
import { numberedFileName, safeFileName } from './file-name.ts'

/** The folder where files that come in are saved. */
export interface Downloads {
  /**
   * Saves a file and resolves to its path, once it is on disk. Nothing that is there is overwritten or followed: a name that is
   * taken gets a number, and a file that is there already, byte for byte, is not stored twice (a client that was killed before it
   * could confirm gets its file again). Rejects with the errors of `IncomingAttachment.open` and of the file system; nothing half
   * stays behind then.
   */
  save(attachment: IncomingAttachment, signal: AbortSignal): Promise<string>
}

/** What is begun has such a name; after a day nobody is about to finish it. */
const UNFINISHED = /^\.dms-[0-9a-f]{16}\.part$/
const UNFINISHED_MS = 24 * 3600 * 1000

/** How many files of one name there may be. */
const MAX_NUMBER = 9_999

/** File systems without hard links say one of these. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Downloads into a folder, which is made when the first file comes. */
export function createDownloads(folder: string): Downloads {
  let ready: Promise<void> | undefined

  return {
    async save(attachment, signal) {
      ready ??= prepare(folder)
      await ready.catch((error) => {
        // The next file may find it otherwise.
        ready = undefined
        throw error
      })
      const part = join(folder, `.dms-${randomBytes(8).toString('hex')}.part`)
      try {
        await fetchInto(part, attachment, signal)
        const path = await place(part, folder, safeFileName(attachment.name), attachment)
        await syncFolder(folder)
        return path
      } finally {
        await rm(part, { force: true })
      }
    },
  }
}

async function prepare(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) {
    if (!UNFINISHED.test(name)) continue
    const path = join(folder, name)
    const { mtimeMs } = await lstat(path)
    if (Date.now() - mtimeMs > UNFINISHED_MS) await rm(path, { force: true })
  }
}

async function fetchInto(path: string, attachment: IncomingAttachment, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const bytes of attachment.open({ signal })) await writeAll(file, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Gives a complete file the first name that is free. */
async function place(
  part: string,
  folder: string,
  name: string,
  { size, sha256 }: IncomingAttachment,
): Promise<string> {
  for (let number = 0; number <= MAX_NUMBER; number++) {
    const path = join(folder, numberedFileName(name, number))
    try {
      await linkOrCopy(part, path)
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (await isSame(path, size, sha256)) return path
    }
  }
  throw new Error(`there are too many files with the name ${name} in ${folder}`)
}

/** Puts the file there under another name, unless something has that name, a symbolic link included. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
    const copy = await open(to, 'r+')
    await copy.sync().finally(() => copy.close())
  }
}

/** Is this an ordinary file with these very bytes. */
async function isSame(path: string, size: number, sha256: string): Promise<boolean> {
  const found = await lstat(path)
  if (!found.isFile() || found.size !== size) return false
  const hash = createHash('sha256')
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  for await (const bytes of file.createReadStream()) hash.update(bytes)
  return hash.digest('hex') === sha256
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten
}

/** A file whose name is not on disk is lost with the power. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}
