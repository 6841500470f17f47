import type { ByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'
import type { Claim, Messaging } from '../../domain/messaging.ts'
import type { Observer } from '../../domain/observer.ts'
import { HeldSession } from './held-session.ts'
import { aboutCaller } from './typed-faults.ts'

/** What presences are held by. */
export interface HeldSessionsOptions {
  readonly messaging: Pick<Messaging, 'connect'>
  readonly observer: Pick<Observer, 'request'>
  /** How long a presence is kept between two calls, in milliseconds. */
  readonly graceMs: number
  /** Presences at a time; beyond that one that is only kept makes room, the one that was used longest ago. */
  readonly most: number
}

/** The presences of users who poll, one for each user. */
export interface HeldSessions {
  /**
   * Works with the presence of the caller: the one that is kept, or a new one. It is kept for a while afterwards.
   * Rejects with `already-connected` when somebody else is present as this user, or what else the service says.
   */
  use<Result>(claim: Claim, work: (held: HeldSession) => Promise<Result>): Promise<Result>
  /** Ends all waiting, each with what there is, and all presences. No more are made. */
  close(): Promise<void>
}

/** A presence, and what is known of its end. */
interface Entry {
  readonly held: HeldSession
  readonly ready: Promise<void>
  expiry: NodeJS.Timeout | undefined
}

/** Holds presences between the calls of those who poll. */
export function createHeldSessions(options: HeldSessionsOptions): HeldSessions {
  const { messaging, observer, graceMs, most } = options
  /** Those that are only kept stand in the order in which they were used. */
  const entries = new Map<ByteString, Entry>()
  let closed = false

  return {
    async use(claim, work) {
      const entry = entries.get(claim.name) ?? open(claim)
      const { held } = entry
      if (held.claim.proof !== claim.proof)
        throw new Fault('not-authenticated', 'the account has a credential: show it')
      begin(entry)
      try {
        await entry.ready
        return await work(held)
      } finally {
        end(entry)
      }
    },

    async close() {
      closed = true
      const ends = [...entries.values()].map(({ held, ready }) => {
        held.interrupt()
        return ready.then(() => held.session?.end('disconnected')).catch(() => {})
      })
      await Promise.all(ends)
    },
  }

  /** There is an entry before anything is awaited: of two calls of a user at the same time the second finds it. */
  function open(claim: Claim): Entry {
    if (closed) throw new Fault('unavailable', 'the server is shutting down')
    makeRoom()
    const { name } = claim
    const held = new HeldSession(claim, () => drop(entry))
    const entry: Entry = { held, ready: connect(held), expiry: undefined }
    entries.set(name, entry)
    entry.ready.catch(() => drop(entry))
    return entry
  }

  async function connect(held: HeldSession): Promise<void> {
    const { name } = held.claim
    try {
      held.session = await messaging.connect(held.claim, held)
    } catch (error) {
      observer.request?.('CONNECT', name, Fault.from(error).code)
      throw aboutCaller(error)
    }
    observer.request?.('CONNECT', name, 'ok')
    held.session.start()
  }

  function makeRoom(): void {
    if (entries.size < most) return
    for (const { held } of entries.values()) {
      if (!held.idle) continue
      void held.session?.end('disconnected')
      return
    }
    throw new Fault('try-again', 'too many users are receiving: try again in a moment')
  }

  function begin(entry: Entry): void {
    clearTimeout(entry.expiry)
    entry.held.busy++
  }

  function end(entry: Entry): void {
    const { held } = entry
    held.busy--
    const { name } = held.claim
    if (!held.idle || entries.get(name) !== entry) return
    entries.delete(name)
    entries.set(name, entry)
    entry.expiry = setTimeout(() => void held.session?.end('disconnected'), graceMs)
    entry.expiry.unref()
  }

  function drop(entry: Entry): void {
    clearTimeout(entry.expiry)
    const { name } = entry.held.claim
    if (entries.get(name) === entry) entries.delete(name)
  }
}
