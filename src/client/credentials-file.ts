import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** The secrets of this person's users, by server, in a file that nobody else can read. */
export interface CredentialsFile {
  /** @param server `host:port`, spelled as it was when the secret was set. */
  get(server: string, user: string): Promise<string | undefined>
  /** Sets or replaces; resolves when it is on disk. */
  set(server: string, user: string, secret: string): Promise<void>
  /** Forgets; nothing happens if there is none. */
  remove(server: string, user: string): Promise<void>
}

/** The credentials file cannot be used, or not safely. The message names it and says what to do. */
export class UnusableCredentials extends Error {
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`the credentials file ${path} ${problem}`, options)
    this.name = 'UnusableCredentials'
  }
}

interface Entry {
  readonly server: string
  readonly user: string
  readonly secret: string
}

/** Another process changes the file for milliseconds; a lock older than this was left by one that was killed. */
const ABANDONED_MS = 10_000
/** Time between two looks at a lock that somebody holds. */
const LOOK_MS = 10

/**
 * The credentials file at this path; it and its folder are made when something is set. Each call reads the file anew, and a
 * change is made under a lock and replaces the file as a whole, so processes that use it at once lose nothing.
 * Every call rejects with `UnusableCredentials` when the file is damaged (it is left as it is), or when others can read it.
 */
export function openCredentialsFile(path: string): CredentialsFile {
  return {
    async get(server, user) {
      const entries = await read(path)
      return entries.find((entry) => entry.server === server && entry.user === user)?.secret
    },
    set: (server, user, secret) => change(path, server, user, [{ server, user, secret }]),
    remove: (server, user) => change(path, server, user, []),
  }
}

/** Puts `replacement` in the place of what the file has for this server and user. */
async function change(path: string, server: string, user: string, replacement: readonly Entry[]) {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    for (;;) {
      const lock = await takeLock(`${path}.lock`)
      try {
        const others = (await read(path)).filter((entry) => entry.server !== server || entry.user !== user)
        if (await replace(path, [...others, ...replacement], lock)) return
      } finally {
        await lock.release()
      }
    }
  } catch (error) {
    throw unusable(path, 'cannot be written', error)
  }
}

/** A lock file of this call. */
interface Lock {
  /** Unlike every other, also in other processes. */
  readonly token: string
  /** False when somebody took it for abandoned: this process may have been stopped for a while. */
  held(): Promise<boolean>
  release(): Promise<void>
}

/** Waits until nobody holds the lock, and takes it. */
async function takeLock(path: string): Promise<Lock> {
  const token = `${process.pid}-${randomBytes(8).toString('hex')}`
  const held = async () => (await unlessMissing(readFile(path, 'utf8'))) === token
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(token).finally(() => file.close())
      return {
        token,
        held,
        release: async () => {
          if (await held()) await rm(path, { force: true })
        },
      }
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const found = await unlessMissing(stat(path))
    if (found !== undefined && Math.abs(Date.now() - found.mtimeMs) > ABANDONED_MS)
      await rm(path, { force: true })
    else await pause(LOOK_MS)
  }
}

/** Writes the file next to the old one and puts it in its place, all of it or nothing. False: the lock was lost, and nothing has changed. */
async function replace(path: string, entries: readonly Entry[], lock: Lock): Promise<boolean> {
  // A person may keep the file elsewhere, with a link to it here: the link stays.
  const target = (await unlessMissing(realpath(path))) ?? path
  const next = `${target}.${lock.token}`
  try {
    await synced(await open(next, 'wx', 0o600), `${JSON.stringify({ credentials: entries }, null, 2)}\n`)
    if (!(await lock.held())) return false
    await rename(next, target)
  } finally {
    await rm(next, { force: true })
  }
  // The new name is on disk once its folder is.
  await synced(await open(dirname(target), 'r'))
  return true
}

async function synced(file: FileHandle, text?: string): Promise<void> {
  try {
    if (text !== undefined) await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** What the file holds; nothing if there is none. */
async function read(path: string): Promise<readonly Entry[]> {
  try {
    const file = await unlessMissing(open(path, 'r'))
    if (file === undefined) return []
    try {
      const { mode } = await file.stat()
      // Not repaired in silence: whoever could read the secrets may have done so.
      if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
        const shown = (mode & 0o777).toString(8)
        throw new UnusableCredentials(
          path,
          `can be read by other users of this machine (mode ${shown}): type chmod 600 ${path}, and replace its secrets with PASSWD if somebody may have seen them`,
        )
      }
      return parse(path, await file.readFile('utf8'))
    } finally {
      await file.close()
    }
  } catch (error) {
    throw unusable(path, 'cannot be read', error)
  }
}

function parse(path: string, text: string): readonly Entry[] {
  const credentials = fieldOf(text, 'credentials')
  if (Array.isArray(credentials) && credentials.every(isEntry)) return credentials
  throw new UnusableCredentials(
    path,
    'is damaged, and was left as it is: repair it, or move it away to begin a new one',
  )
}

/** A field of a JSON object; undefined if the text is none. The parser's own words are dropped: they quote the text, secrets included. */
function fieldOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text)[name]
  } catch {
    return undefined
  }
}

function isEntry(value: unknown): value is Entry {
  const { server, user, secret } = (value ?? {}) as Record<string, unknown>
  return [server, user, secret].every((field) => typeof field === 'string')
}

/** What happened to the file, in words that name it. */
function unusable(path: string, what: string, error: unknown): UnusableCredentials {
  if (error instanceof UnusableCredentials) return error
  return new UnusableCredentials(path, `${what}: ${error instanceof Error ? error.message : error}`, {
    cause: error,
  })
}

/** The outcome, or undefined when there is no such file. */
async function unlessMissing<Outcome>(outcome: Promise<Outcome>): Promise<Outcome | undefined> {
  try {
    return await outcome
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code
