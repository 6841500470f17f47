import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'

/** The longest path a Unix socket can have, in bytes (unix(7), sun_path). */
const MAX_SOCKET_PATH = 107
/** Each claim has a number of its own, see `lockFolder`. */
const CLAIM = /^in-use-(\d{1,9})\.sock$/

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
 *
 * A dead claim is not replaced but followed by one with a larger number. So nobody ever removes a name that another who
 * starts at the same time could have taken meanwhile; of two who take different numbers, the smaller one stays.
 * Rejects with `FolderInUse`, or with the error of the file system.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  makeFolder(folder)
  const path = (claim: number): string => join(folder, `in-use-${claim}.sock`)
  const dead = claims(folder)
  const mine = (dead.at(-1) ?? 0) + 1
  if (Buffer.byteLength(path(mine)) > MAX_SOCKET_PATH) {
    throw new Error(`the path of the data folder ${folder} is too long: choose a shorter one with --data`)
  }
  for (const claim of dead) if (await answers(path(claim))) throw new FolderInUse(folder)

  const server = createServer((socket) => socket.destroy())
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new FolderInUse(folder) : error)
    })
    server.listen(path(mine), resolve)
  })
  const release = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

  for (const claim of claims(folder).filter((other) => other < mine)) {
    if (await answers(path(claim))) {
      await release()
      throw new FolderInUse(folder)
    }
    rmSync(path(claim), { force: true })
  }
  return { release }
}

/** The numbers of the claims in a folder, dead or alive, in order. */
function claims(folder: string): number[] {
  const numbers = readdirSync(folder).flatMap((name) => CLAIM.exec(name)?.[1] ?? [])
  return numbers.map(Number).sort((one, other) => one - other)
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

/** Makes a folder and those above it. Node's own way never comes to an end where a folder that is there takes none (`/proc`). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another who starts at the same time may have made it meanwhile.
    if (existsSync(folder)) return
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(`${dirname(folder)} takes no folder: choose another one with --data`, { cause: error })
  }
}
