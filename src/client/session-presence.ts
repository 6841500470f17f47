import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { toByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { ClientState, PresenceOptions } from './client.ts'
import { type Backoff, passes } from './reconnect.ts'
import type { SessionArrivals } from './session-arrivals.ts'
import type { SessionConnection } from './session-connection.ts'
import { logIn } from './session-login.ts'
import { SessionReach } from './session-reach.ts'
import type { SessionSends } from './session-sends.ts'
import { SessionUploads } from './session-uploads.ts'

/** What a presence works with. */
export interface PresenceContext {
  readonly sends: SessionSends
  readonly arrivals: SessionArrivals
  readonly backoff: Backoff
  /** Opens another connection. */
  open(signal: AbortSignal): Promise<SessionConnection>
  /** The user is present, on this connection. */
  entered(presence: SessionPresence, connection: SessionConnection): void
  /** The user is present no more, and will not be. */
  left(presence: SessionPresence): void
  say(change: ClientState): void
}

/** One user's being connected, from CONNECT to DISCONNECT, over as many connections as it takes. */
export class SessionPresence {
  readonly user: string
  secret: string | undefined
  /** Where the user is present, for what outlives a connection. */
  readonly reach = new SessionReach()
  readonly uploads: SessionUploads
  /** Why the server is away; undefined while it is not. */
  away: Error | undefined
  /** It is about to be given up by this client: nothing more is sent, and nothing said of it. */
  leaving = false
  /** Is the user to be present, or does this client only send and ask as the user. */
  readonly #present: boolean
  readonly #context: PresenceContext
  /** By which the server knows our own session again, when it has not noticed that the connection was lost. */
  readonly #token = randomBytes(16).toString('base64url')
  readonly #over = new AbortController()
  /** The connection on which the user is present, or is about to be again. */
  #connection: SessionConnection | undefined
  /** When the user became present, by `performance.now`. */
  #since = 0

  constructor(
    context: PresenceContext,
    { user, secret, present = true }: Pick<PresenceOptions, 'secret' | 'present'> & { readonly user: string },
  ) {
    this.#context = context
    this.user = user
    this.secret = secret
    // An open account has nothing to show but its being present.
    this.#present = present || secret === undefined
    this.uploads = new SessionUploads(this.reach, {
      nextRef: () => context.sends.nextRef(),
      answered: () => context.arrivals.advance(),
    })
  }

  /** AUTH and CONNECT; resolves to how many items wait. From the moment of the reply the user is present, or may send at least. */
  async enter(connection: SessionConnection, mode: 'resume' | 'takeover'): Promise<number | undefined> {
    const { sends, arrivals, entered, say } = this.#context
    const { user, secret } = this
    this.#connection = connection
    arrivals.begin(user, connection.terms.window)
    if (secret !== undefined) await logIn(connection, user, secret)
    const done = (waiting?: string) => {
      if (this.#over.signal.aborted) return
      const state = this.away === undefined ? 'online' : 'back'
      this.away = undefined
      this.#since = performance.now()
      entered(this, connection)
      // What may be stored already goes out before anything is confirmed: see `SessionArrivals.advance`.
      sends.begin(connection)
      this.reach.begin(connection)
      arrivals.advance()
      say({ state, waiting: Number(waiting ?? 0) })
    }
    if (!this.#present) {
      done()
      return undefined
    }
    const fields = [toByteString(user), `${mode}:${this.#token}`]
    return Number(await connection.request('CONNECT', fields, { done }))
  }

  /** The connection is gone. Comes back by itself, unless the reason says that it would be in vain. */
  lost(reason: Error): void {
    const { sends, backoff, say } = this.#context
    sends.pause()
    this.reach.pause()
    if (!passes(reason)) {
      this.finish(reason)
      return
    }
    backoff.held(performance.now() - this.#since)
    this.away = reason
    if (!this.leaving) say({ state: 'lost', reason })
    void this.#comeBack()
  }

  /** It is over because this client wants it so; what was sent and is not answered rejects with the reason. */
  leave(reason: Error): void {
    if (this.#over.signal.aborted) return
    const { sends, arrivals, left } = this.#context
    this.#over.abort(reason)
    if (this.away !== undefined) this.#connection?.cut(reason)
    arrivals.flush()
    sends.end(reason)
    this.reach.end(reason)
    arrivals.end()
    left(this)
  }

  /** It is over, although nobody here wanted that. */
  finish(reason: Error): void {
    if (this.#over.signal.aborted) return
    this.leave(reason)
    this.#connection?.cut(reason)
    if (reason instanceof Fault && reason.code === 'no-such-user') this.#context.arrivals.forget(this.user)
    if (!this.leaving) this.#context.say({ state: 'ended', reason })
  }

  /** DISCONNECT, if there is something to be ended. */
  async exit(connection: SessionConnection): Promise<void> {
    if (this.#present) await connection.request('DISCONNECT')
  }

  /**
   * Looks for the server until the user is present again. The server may still have the session that was lost: that one ends by
   * it. Where the user has connected elsewhere meanwhile, this is over.
   */
  async #comeBack(): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      let connection: SessionConnection | undefined
      try {
        await pause(this.#context.backoff.next(), undefined, { signal })
        connection = await this.#context.open(signal)
        await this.enter(connection, 'resume')
        return
      } catch (error) {
        connection?.cut(error as Error)
        if (!passes(error)) this.finish(this.#ending(error as Error))
        else this.away = error as Error
      }
    }
  }

  /** What to say of coming back in vain. */
  #ending(error: Error): Error {
    if (!(error instanceof Fault) || error.code !== 'already-connected') return error
    return new Fault(
      'already-connected',
      `${this.user} has connected elsewhere while the server was away, which ended this session`,
    )
  }
}
