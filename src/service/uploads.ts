import type { Attachments, Upload } from '../domain/attachments.ts'
import { Fault } from '../domain/fault.ts'
import type { UserName } from '../domain/user-name.ts'

/** Uploads that one user may have under way, and bytes of all users' together. */
const UPLOADS_PER_USER = 4
const UNFINISHED_BYTES = 1024 ** 3
/** So long may an upload rest, in milliseconds. */
const IDLE_MS = 60_000

/** What uploads work with. */
export interface UploadsOptions {
  readonly attachments: Attachments
  /** The longest file, in bytes; 0: there are no attachments. */
  readonly maxBytes: number
  /** How long one may rest before it is discarded, in milliseconds; a minute by default. */
  readonly idleMs?: number
  /** Bytes that all unfinished uploads together may come to; 1 GiB by default, and always one file. */
  readonly unfinishedBytes?: number
}

/** Files on their way in: so many and no more, and none for ever. */
export interface Uploads {
  /** Begins one. Rejects with `not-allowed`, `too-large`, `try-again`, or as `Attachments.begin` does. */
  begin(user: UserName, size: number | undefined): Promise<Upload>
  /** Discards all of them. */
  discard(): Promise<void>
}

/** One of a user's uploads; it counts before it has begun. */
interface Place {
  upload: Upload | undefined
}

/** Uploads over the files of a backend. What a user has announced counts from the beginning, so that nobody promises the disk twice. */
export function createUploads(options: UploadsOptions): Uploads {
  const { attachments, maxBytes, idleMs = IDLE_MS } = options
  const most = Math.max(options.unfinishedBytes ?? UNFINISHED_BYTES, maxBytes)
  const underWay = new Map<UserName, Set<Place>>()
  let announced = 0

  return {
    async begin(user, size = maxBytes) {
      if (maxBytes === 0) throw new Fault('not-allowed', 'this server takes no files')
      if (size > maxBytes) throw new Fault('too-large', `a file has at most ${maxBytes} bytes`)
      const mine = underWay.get(user) ?? new Set<Place>()
      if (mine.size >= UPLOADS_PER_USER) {
        throw new Fault('try-again', `${UPLOADS_PER_USER} files are on their way already: finish one of them`)
      }
      if (announced + size > most) {
        throw new Fault('try-again', 'too many files are on their way to this server: try again in a moment')
      }
      announced += size
      const place: Place = { upload: undefined }
      mine.add(place)
      underWay.set(user, mine)
      const release = (): void => {
        if (!mine.delete(place)) return
        announced -= size
        if (mine.size === 0 && underWay.get(user) === mine) underWay.delete(user)
      }
      try {
        const upload = await attachments.begin(size)
        place.upload = guard(upload, release)
        return place.upload
      } catch (error) {
        release()
        throw error
      }
    },

    async discard() {
      const all = [...underWay.values()].flatMap((mine) => [...mine])
      await Promise.all(all.map((place) => place.upload?.discard()))
    },
  }

  /** An upload that is discarded when it rests too long, and that tells when it is over. */
  function guard(upload: Upload, over: () => void): Upload {
    const timer = setTimeout(() => void discard(), idleMs).unref()

    async function discard(): Promise<void> {
      clearTimeout(timer)
      over()
      await upload.discard()
    }
    async function attempt<Outcome>(work: Promise<Outcome>): Promise<Outcome> {
      timer.refresh()
      try {
        return await work
      } catch (error) {
        await discard()
        throw error
      }
    }
    return {
      get size() {
        return upload.size
      },
      get over() {
        return upload.over
      },
      write: (chunk) => attempt(upload.write(chunk)),
      async finish() {
        const file = await attempt(upload.finish())
        // From now on it is a message's, or is discarded by who finished it.
        clearTimeout(timer)
        over()
        return file
      },
      discard,
    }
  }
}
