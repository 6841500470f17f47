import { mkdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

/** The longest path a Unix socket can have, in bytes (unix(7), sun_path). */
const MAX_SOCKET_PATH = 107

/** A folder that only this process uses. */
export interface FolderLock {
  release(): Promise<void>
}

/** Another process uses the folder. */
export class FolderInUse extends Error {
  constructor(folder: string) {
    super(`another server is using the data folder ${folder}: stop it, or choose another folder with --data`)
    this.name = 'FolderInUse'
  }
}

/**
 * Claims a data folder for this process. The claim is a Unix socket that somebody listens on: it ends with the
 * process, however that ends, so a folder is never locked by a server that was killed.
 * Rejects with `FolderInUse`, or with the error of the file system.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'in-use.sock')
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw new Error(`the path of the data folder ${folder} is too long: choose a shorter one with --data`)
  }
  if (await answers(path)) throw new FolderInUse(folder)
  rmSync(path, { force: true })
  const server = createServer((socket) => socket.destroy())
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new FolderInUse(folder) : error)
    })
    server.listen(path, resolve)
  })
  return { release: () => new Promise((resolve) => server.close(() => resolve())) }
}

/** Does somebody listen there? */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
