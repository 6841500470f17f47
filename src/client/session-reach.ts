import type { SessionConnection } from './session-connection.ts'

interface Waiter {
  resolve(connection: SessionConnection): void
  reject(reason: Error): void
}

/** The connection on which a user is present, for work that takes longer than one may hold. Of one presence: what began in it ends with it. */
export class SessionReach {
  #connection: SessionConnection | undefined
  #over: Error | undefined
  readonly #waiting = new Set<Waiter>()
  readonly #leaving = new Set<() => void>()

  /** The user is present, on this connection. */
  begin(connection: SessionConnection): void {
    this.#connection = connection
    for (const { resolve } of this.#waiting) resolve(connection)
    this.#waiting.clear()
  }

  /** The server is away. */
  pause(): void {
    this.#connection = undefined
    for (const resolve of this.#leaving) resolve()
    this.#leaving.clear()
  }

  /** The user is present no more, and will not be. */
  end(reason: Error): void {
    this.pause()
    this.#over ??= reason
    for (const { reject } of this.#waiting) reject(reason)
    this.#waiting.clear()
  }

  /** Resolves when there is none. */
  away(): Promise<void> {
    if (this.#connection === undefined) return Promise.resolve()
    return new Promise((resolve) => this.#leaving.add(resolve))
  }

  /** The connection, once there is one. Rejects with the reason why there will be none. */
  present(): Promise<SessionConnection> {
    if (this.#over !== undefined) return Promise.reject(this.#over)
    if (this.#connection !== undefined) return Promise.resolve(this.#connection)
    return new Promise((resolve, reject) => this.#waiting.add({ resolve, reject }))
  }
}
