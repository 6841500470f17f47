import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type {
  Client,
  Credential,
  OnState,
  PresenceOptions,
  Receive,
  RequestOptions,
  UserPresence,
} from './client.ts'
import { CannotConnect } from './errors.ts'
import type { OutgoingFile } from './outgoing-file.ts'
import { BACKOFF, type BackoffLimits, createBackoff } from './reconnect.ts'
import { createVerifier } from './scram.ts'
import { SessionArrivals } from './session-arrivals.ts'
import { SessionConnection, type SessionListener } from './session-connection.ts'
import { addressOf, type SessionServer } from './session-dial.ts'
import { downloadFile } from './session-download.ts'
import { nameField, parseUsers } from './session-fields.ts'
import { createMarks, type Marks, openMarks } from './session-marks.ts'
import { type PresenceContext, SessionPresence } from './session-presence.ts'
import { SEND_LIMITS, type SendLimits, SessionSends } from './session-sends.ts'
import { unregisterApart } from './session-unregister.ts'
import { unlessAborted } from './unless-aborted.ts'

/** What a client of the session protocol may be told besides its server. */
export interface SessionClientOptions {
  readonly onState?: OnState | undefined
  /** Where it is written down what was shown, so that no later process shows it again; undefined: in memory. */
  readonly stateFolder?: string | undefined
  readonly limits?: SendLimits | undefined
  readonly backoff?: BackoffLimits | undefined
}

/**
 * A client of the session protocol (wire-protocol 2): one connection, opened by the first request. While a user is connected, a
 * connection that is lost is made again, and what was not answered is sent again.
 * Throws the error of the file system when the state folder cannot be made.
 */
export function createSessionClient(
  server: SessionServer,
  receive: Receive,
  options: SessionClientOptions = {},
): Client {
  return new SessionClient(server, receive, options)
}

class SessionClient implements Client, SessionListener {
  readonly #server: SessionServer
  readonly #address: string
  readonly #marks: Marks
  readonly #sends: SessionSends
  readonly #arrivals: SessionArrivals
  readonly #context: PresenceContext
  readonly #closed = new AbortController()
  #connection: SessionConnection | undefined
  #opening: Promise<SessionConnection> | undefined
  #presence: SessionPresence | undefined
  #connecting = false

  constructor(server: SessionServer, receive: Receive, options: SessionClientOptions) {
    const { onState = () => {}, stateFolder, limits = SEND_LIMITS, backoff = BACKOFF } = options
    this.#server = server
    this.#address = addressOf(server)
    this.#marks = stateFolder === undefined ? createMarks() : openMarks(stateFolder, this.#address)
    this.#sends = new SessionSends(limits)
    this.#arrivals = new SessionArrivals({
      receive,
      marks: this.#marks,
      unanswered: (ref) => this.#sends.has(ref) || this.#presence?.uploads.has(ref) === true,
      confirm: (seq) => {
        if (this.#presence !== undefined) this.#connection?.write(`ACK\0${seq}\0`)
      },
      download: (file) => {
        const { reach } = this.#someone()
        return ({ signal } = {}) => downloadFile(reach, file, signal)
      },
      failed: (error) => {
        if (!this.#presence?.leaving) this.#presence?.finish(error)
      },
    })
    this.#context = {
      sends: this.#sends,
      arrivals: this.#arrivals,
      backoff: createBackoff(backoff),
      open: (signal) => SessionConnection.open(server, this, signal),
      entered: (presence, connection) => {
        this.#presence = presence
        this.#connection = connection
      },
      left: (presence) => {
        if (this.#presence === presence) this.#presence = undefined
      },
      say: onState,
    }
  }

  get user(): string | undefined {
    return this.#presence?.user
  }

  async register(user: string, credential?: Credential, { signal }: RequestOptions = {}): Promise<void> {
    const name = nameField(user)
    const verifier = credential === undefined ? '' : await createVerifier(credential.secret, credential.kind)
    const connection = await this.#reach(signal)
    await unlessAborted(connection.request('REGISTER', [name, verifier]), signal)
    this.#arrivals.forget(user)
  }

  async unregister(user: string, options: PresenceOptions = {}): Promise<void> {
    if (this.#presence?.user === user) await this.#unregisterOurs(this.#presence, options)
    else
      await unregisterApart(this.#server, user, {
        secret: options.secret,
        signal: options.signal ?? this.#closed.signal,
      })
    this.#arrivals.forget(user)
  }

  async connect(user: string, options: PresenceOptions = {}): Promise<number | undefined> {
    const { secret, takeover = false, present, signal } = options
    nameField(user)
    const before = this.#presence?.user
    if (before === user) throw new Fault('already-connected', `you are connected as ${user} already`)
    if (before !== undefined) {
      throw new Fault('not-allowed', `you are connected as ${before}: DISCONNECT ${before} first`)
    }
    if (this.#connecting) throw new Fault('not-allowed', 'a CONNECT is under way: wait for its answer')
    this.#connecting = true
    try {
      this.#context.say({ state: 'connecting' })
      const connection = await this.#reach(signal)
      const presence = new SessionPresence(this.#context, { user, secret, present })
      const entered = presence.enter(connection, takeover ? 'takeover' : 'resume')
      return await unlessAborted(entered, signal).catch((error) => {
        presence.leave(error)
        // The answer may be on its way: without the connection there is nobody connected.
        if (signal?.aborted) connection.cut(error)
        throw error
      })
    } catch (error) {
      if (error instanceof Fault && error.code === 'no-such-user') this.#arrivals.forget(user)
      throw error
    } finally {
      this.#connecting = false
    }
  }

  async disconnect(user: string, { signal }: RequestOptions = {}): Promise<void> {
    const presence = this.#presence
    if (presence?.user !== user) throw new Fault('not-connected', notConnected(presence?.user))
    presence.leaving = true
    try {
      await unlessAborted(this.#settled(presence), signal)
      const connection = this.#connection
      if (connection === undefined) return
      this.#arrivals.flush()
      await unlessAborted(presence.exit(connection), signal).catch((error) => {
        if (error instanceof Fault) throw error
        // Gone either way: a connection that ends ends the session.
        connection.cut(error)
      })
    } finally {
      presence.leave(new Fault('not-connected', `${user} was disconnected before this was answered`))
    }
  }

  send(recipient: string, text: string, { signal }: RequestOptions = {}): Promise<number> {
    const presence = this.#presence
    if (presence === undefined || presence.leaving) {
      return Promise.reject(new Fault('not-connected', notConnected(undefined)))
    }
    return this.#sends.send(recipient, text, signal)
  }

  sendAttachment(
    recipient: string,
    text: string,
    file: OutgoingFile,
    { signal }: RequestOptions = {},
  ): Promise<number> {
    const presence = this.#presence
    if (presence === undefined || presence.leaving) {
      return Promise.reject(new Fault('not-connected', notConnected(undefined)))
    }
    return presence.uploads.send(recipient, text, file, signal)
  }

  async passwd(credential: Credential, { signal }: RequestOptions = {}): Promise<void> {
    const presence = this.#someone()
    const verifier = await createVerifier(credential.secret, credential.kind)
    const connection = await this.#reach(signal)
    await unlessAborted(connection.request('PASSWD', [verifier]), signal)
    presence.secret = credential.secret
  }

  async users(prefix: string, { signal }: RequestOptions = {}): Promise<readonly UserPresence[]> {
    this.#someone()
    const connection = await this.#reach(signal)
    const list = await unlessAborted(connection.request('USERS', [nameField(prefix)]), signal)
    return parseUsers(list)
  }

  async close(): Promise<void> {
    const reason = new Fault('not-connected', 'the client was closed before this was answered')
    this.#closed.abort(reason)
    this.#presence?.leave(reason)
    this.#connection?.cut(reason)
    this.#marks.close()
  }

  answered(ref: ByteString, outcome: number | Fault): void {
    if (this.#sends.answered(ref, outcome)) this.#arrivals.advance()
    else this.#connection?.cut(outcome as Fault)
  }

  message(fields: readonly ByteString[]): void {
    if (this.#presence !== undefined && !this.#arrivals.message(fields)) this.#breach('SEND_MESSAGE')
  }

  receipt(fields: readonly ByteString[]): void {
    if (this.#presence === undefined) return
    const [, id, ref] = fields as readonly [ByteString, ByteString, ByteString]
    this.#sends.proven(ref, Number(id))
    this.#presence.uploads.proven(ref, Number(id))
    if (!this.#arrivals.receipt(fields)) this.#breach('SEND_MESS_ACK')
  }

  closed(connection: SessionConnection, reason: Error): void {
    if (connection !== this.#connection) return
    this.#connection = undefined
    this.#presence?.lost(reason)
  }

  async #unregisterOurs(presence: SessionPresence, { signal }: PresenceOptions): Promise<void> {
    const connection = await this.#reach(signal)
    presence.leaving = true
    try {
      await unlessAborted(this.#settled(presence), signal)
      await unlessAborted(connection.request('UNREGISTER'), signal)
      presence.leave(new Fault('not-connected', `${presence.user} was unregistered`))
    } finally {
      presence.leaving = false
    }
  }

  /** The connection, opened if there is none. */
  async #reach(signal: AbortSignal | undefined): Promise<SessionConnection> {
    this.#closed.signal.throwIfAborted()
    if (this.#connection?.ended === false) return this.#connection
    if (this.#presence !== undefined) {
      const why = this.#presence.away?.message ?? ''
      throw new CannotConnect(this.#address, `${this.#address} is away and looked for (${why})`)
    }
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return unlessAborted(this.#opening, signal)
  }

  async #open(): Promise<SessionConnection> {
    this.#connection = await SessionConnection.open(this.#server, this, this.#closed.signal)
    return this.#connection
  }

  /** Resolves when all that was sent is answered, or nothing can be. */
  async #settled({ uploads, reach }: SessionPresence): Promise<void> {
    await this.#sends.settled()
    await Promise.race([uploads.settled(), reach.away()])
  }

  #someone(): SessionPresence {
    if (this.#presence === undefined) throw new Fault('not-connected', notConnected(undefined))
    return this.#presence
  }

  #breach(what: string): void {
    const broken = `${this.#address} does not keep to the session protocol (${what})`
    this.#connection?.cut(new CannotConnect(this.#address, broken))
  }
}

function notConnected(user: string | undefined): string {
  return user === undefined
    ? 'nobody is connected here: CONNECT <userName> first'
    : `you are connected as ${user}`
}
