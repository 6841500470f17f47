import { setTimeout as pause } from 'node:timers/promises'
import { toByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { ClientState } from './client.ts'
import { type Backoff, passes } from './reconnect.ts'
import type { SessionArrivals } from './session-arrivals.ts'
import type { SessionConnection } from './session-connection.ts'
import { logIn } from './session-login.ts'
import type { SessionSends } from './session-sends.ts'

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
  /** Why the server is away; undefined while it is not. */
  away: Error | undefined
  /** It is about to be given up by this client: nothing more is sent, and nothing said of it. */
  leaving = false
  readonly #context: PresenceContext
  readonly #over = new AbortController()
  /** The connection on which the user is present, or is about to be again. */
  #connection: SessionConnection | undefined
  /** When the user became present, by `performance.now`. */
  #since = 0

  constructor(context: PresenceContext, user: string, secret: string | undefined) {
    this.#context = context
    this.user = user
    this.secret = secret
  }

  /** AUTH and CONNECT; resolves to how many items wait. From the moment of the reply the user is present. */
  async enter(connection: SessionConnection, mode: '' | 'takeover'): Promise<number> {
    const { sends, arrivals, entered, say } = this.#context
    const { user, secret } = this
    this.#connection = connection
    arrivals.begin(user, connection.terms.window)
    if (secret !== undefined) await logIn(connection, user, secret)
    const done = (waiting: string) => {
      if (this.#over.signal.aborted) return
      const state = this.away === undefined ? 'online' : 'back'
      this.away = undefined
      this.#since = performance.now()
      entered(this, connection)
      // What may be stored already goes out before anything is confirmed: see `SessionArrivals.advance`.
      sends.begin(connection)
      arrivals.advance()
      say({ state, waiting: Number(waiting) })
    }
    return Number(await connection.request('CONNECT', [toByteString(user), mode], { done }))
  }

  /** The connection is gone. Comes back by itself, unless the reason says that it would be in vain. */
  lost(reason: Error): void {
    const { sends, backoff, say } = this.#context
    sends.pause()
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

  /** Looks for the server until the user is present again. The server may still have the connection that was lost, so that one is taken over. */
  async #comeBack(): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      let connection: SessionConnection | undefined
      try {
        await pause(this.#context.backoff.next(), undefined, { signal })
        connection = await this.#context.open(signal)
        await this.enter(connection, 'takeover')
        return
      } catch (error) {
        connection?.cut(error as Error)
        if (!passes(error)) this.finish(error as Error)
        else this.away = error as Error
      }
    }
  }
}
