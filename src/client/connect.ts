import { Fault } from '../domain/fault.ts'
import type {
  Client,
  Incoming,
  OnState,
  PresenceOptions,
  Receive,
  RequestOptions,
  UserPresence,
} from './client.ts'
import { createLegacyClient } from './legacy-client.ts'
import { type OutgoingFile, outgoingFile } from './outgoing-file.ts'
import type { BackoffLimits } from './reconnect.ts'
import { createSecret } from './scram.ts'
import { createSessionClient } from './session-client.ts'
import { createSessionItems } from './session-items.ts'
import { SEND_LIMITS, type SendLimits } from './session-sends.ts'

/** Where the server is and how it is spoken to. */
export interface ServerOptions extends RequestOptions, Partial<SendLimits> {
  /** Host name or address; `localhost` by default. */
  readonly server?: string | undefined
  /** 8081 by default. */
  readonly port?: number | undefined
  /** `legacy` is the original protocol, without secrets, TLS and reconnecting. `session` by default. */
  readonly protocol?: Protocol | undefined
  /** TLS 1.2 or newer, on the server's TLS port. */
  readonly tls?: boolean | undefined
  /** Certificates of the authorities to believe, PEM, instead of those that Node knows. */
  readonly ca?: string | Buffer | undefined
  /** The name that the server's certificate must be for, if not `server`. */
  readonly servername?: string | undefined
  /** How long opening a connection, and then each request, may take, in milliseconds; 10,000 by default. SENDs wait as long as it takes. */
  readonly timeoutMs?: number | undefined
  /** A folder of this user's, where it is written down what was shown, so that no later process shows it again. In memory by default. */
  readonly stateFolder?: string | undefined
  /** Hears of each change of the connection. */
  readonly onState?: OnState | undefined
  /** The waits between attempts to come back; from 250 ms to 15 s by default. */
  readonly backoff?: BackoffLimits | undefined
}

/** Whom to connect as. The signal ends connecting, and later the session. */
export interface ConnectOptions extends ServerOptions, PresenceOptions {
  readonly user: string
}

/** Whom to make. */
export interface RegisterOptions extends ServerOptions {
  readonly user: string
  /** A password that somebody chose; without one a secret is generated. */
  readonly secret?: string | undefined
  /** No secret at all: an open account, where the server allows those. The only kind that the original protocol has. */
  readonly open?: boolean | undefined
}

/** A connected user. What comes in is iterated over, once. */
export interface Session extends AsyncIterable<Incoming> {
  readonly user: string
  /** How many items waited when the session began, where the protocol tells. */
  readonly waiting: number | undefined
  /**
   * Sends a message; resolves to its id once the server has stored and synced it. While the server is away it waits.
   * Messages go out in the order of the calls. Rejects with `Fault`.
   */
  send(recipient: string, text: string, options?: RequestOptions): Promise<number>
  /**
   * Sends a message with a file, given by its path or in pieces; the text may be empty. Resolves to the message's id once both
   * are stored and synced. A connection that is lost on the way begins the upload anew. It is sent when it is answered: messages
   * that are sent meanwhile go before it. Rejects with `Fault`, or with the error of reading the file.
   */
  sendAttachment(
    recipient: string,
    text: string,
    file: OutgoingFile | string,
    options?: RequestOptions,
  ): Promise<number>
  /** The users whose names begin with `prefix`, a hundred at most. */
  users(prefix?: string, options?: RequestOptions): Promise<readonly UserPresence[]>
  /** Replaces the secret by a password that somebody chose, or by one that it generates; resolves to it. */
  passwd(secret?: string, options?: RequestOptions): Promise<string>
  /** Removes the user and its mailbox, and ends the session. */
  unregister(options?: RequestOptions): Promise<void>
  /** The item in hand was taken: for a loop that is about to be left. */
  confirm(): void
  /** Disconnects, once the SENDs under way are answered, and lets go of everything. Never rejects. */
  close(): Promise<void>
}

const CLIENTS = {
  session: (options: ServerOptions, receive: Receive): Client => {
    const { maxWaiting = SEND_LIMITS.maxWaiting, maxWaitingBytes = SEND_LIMITS.maxWaitingBytes } = options
    const { tls = false, ca, servername } = options
    const trust = { ca, servername }
    return createSessionClient({ ...place(options), tls: tls ? trust : undefined }, receive, {
      ...options,
      limits: { maxWaiting, maxWaitingBytes },
    })
  },
  legacy: (options: ServerOptions, receive: Receive): Client => {
    if (options.tls) throw new Fault('not-allowed', 'the original protocol knows no TLS')
    return createLegacyClient(place(options), receive)
  },
} as const

/** The protocols by name. */
export type Protocol = keyof typeof CLIENTS

/** A client that hands each item to a function: what sessions are made of. Nothing is opened before the first request. */
export function createClient(options: ServerOptions, receive: Receive): Client {
  return CLIENTS[options.protocol ?? 'session'](options, receive)
}

/**
 * Connects as a user. A connection that is lost later is made again by itself, and what was not answered is sent again, once.
 * Rejects with `Fault`, `CannotConnect`, `TimedOut`, or the signal's reason.
 */
export async function connect(options: ConnectOptions): Promise<Session> {
  const { user, signal, onState } = options
  const items = createSessionItems()
  const said: OnState = (change) => {
    if (change.state === 'ended') void release(change.reason)
    onState?.(change)
  }
  const client = createClient({ ...options, onState: said }, items.receive)
  const abort = () => void release(signal?.reason)
  let waiting: number | undefined
  try {
    // The original protocol knows neither, and says so.
    const { secret, takeover, present } = options
    waiting = await client.connect(user, { secret, takeover, present, signal })
  } catch (error) {
    await client.close()
    throw error
  }
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })

  return {
    user,
    waiting,
    send: (recipient, text, request) => client.send(recipient, text, request),
    async sendAttachment(recipient, text, file, request) {
      const outgoing = typeof file === 'string' ? await outgoingFile(file) : file
      return client.sendAttachment(recipient, text, outgoing, request)
    },
    users: (prefix = '', request) => client.users(prefix, request),
    async passwd(chosen, request) {
      const credential = credentialOf(chosen)
      await client.passwd(credential, request)
      return credential.secret
    },
    async unregister(request) {
      await client.unregister(user, request)
      await release()
    },
    confirm: items.confirm,
    async close() {
      // Whatever comes of it, nobody is connected here afterwards.
      const left = client.user === user ? client.disconnect(user).catch(() => {}) : undefined
      items.end()
      await left
      await release()
    },
    [Symbol.asyncIterator]: () => items.iterator,
  }

  async function release(reason?: unknown): Promise<void> {
    signal?.removeEventListener('abort', abort)
    const closed = client.close()
    items.end(reason)
    await closed
  }
}

/**
 * Makes a user and resolves to its secret: the one given, or a generated one, or an empty one for an open account.
 * Rejects like `connect`; a name that is taken is the fault `user-exists`.
 */
export async function register(options: RegisterOptions): Promise<string> {
  const { user, secret, open = false, signal } = options
  const credential = open ? undefined : credentialOf(secret)
  const client = createClient(options, () => {})
  try {
    await client.register(user, credential, { signal })
  } finally {
    await client.close()
  }
  return credential?.secret ?? ''
}

/** Removes a user and its mailbox. Rejects like `connect`. */
export async function unregister(options: ConnectOptions): Promise<void> {
  const client = createClient(options, () => {})
  try {
    await client.unregister(options.user, { secret: options.secret, signal: options.signal })
  } finally {
    await client.close()
  }
}

function place({ server = 'localhost', port = 8081, timeoutMs = 10_000 }: ServerOptions) {
  return { host: server, port, timeoutMs }
}

function credentialOf(chosen: string | undefined) {
  return chosen === undefined
    ? ({ secret: createSecret(), kind: 'generated' } as const)
    : ({ secret: chosen, kind: 'chosen' } as const)
}
