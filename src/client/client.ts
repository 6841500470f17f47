import type { OutgoingFile } from './outgoing-file.ts'

/** A message that came for the connected user. */
export interface IncomingMessage {
  readonly kind: 'message'
  readonly id: number
  readonly sender: string
  /** As the sender wrote it: not yet harmless to a terminal. */
  readonly text: string
  /** When the server accepted it: ISO 8601, UTC. The original protocol does not tell. */
  readonly acceptedAt?: string
  /** The file that came with it. */
  readonly attachment?: IncomingAttachment
  /** The message was shown before; its file was not said to be safe, and comes again. */
  readonly again?: true
}

/** A file that came with a message. It stays on the server until it is confirmed; messages behind it are given out meanwhile. */
export interface IncomingAttachment {
  /** As the sender wrote it: never to be taken for a path, and not yet harmless to a terminal. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** SHA-256 in lower-case hex. */
  readonly sha256: string
  /** What the sender says it holds, or empty. */
  readonly mediaType: string
  /** The server has the message and not the file any more. */
  readonly lost: boolean
  /**
   * The bytes from the beginning, in pieces; goes on by itself where a connection was lost. Throws `Fault`, `DamagedFile` at
   * the end when the sum is another one, the signal's reason, or why the session ended.
   */
  open(options?: RequestOptions): AsyncIterable<Uint8Array>
  /**
   * The file is safe here, or not wanted: the server may let go of it. Without that nothing from this message on counts as
   * received: message and file come again in the next session, the message with `again`.
   */
  confirm(): void
}

/** The receipt for a message of the connected user: its recipient has it. */
export interface IncomingReceipt {
  readonly kind: 'receipt'
  readonly id: number
  /** Who has it. The original protocol does not tell. */
  readonly recipient?: string
}

/** What a server sends unasked, in order. */
export type Incoming = IncomingMessage | IncomingReceipt

/**
 * Takes what came in, one after the other. The server learns that an item has arrived once this is done, so what it
 * resolves to may be "written": an item whose taking fails stays in the mailbox and comes again.
 */
export type Receive = (item: Incoming) => void | Promise<void>

/** What becomes of the connection while a user is connected, for a status line. The original protocol has no such thing. */
export type ClientState =
  /** A server is being reached for the first time. */
  | { readonly state: 'connecting' }
  /** The user is present; so many items wait. */
  | { readonly state: 'online'; readonly waiting: number }
  /** The server is away. It is looked for until it is back; what is sent meanwhile waits. */
  | { readonly state: 'lost'; readonly reason: Error }
  /** The user is present again; so many items wait. */
  | { readonly state: 'back'; readonly waiting: number }
  /** The session ended for good without being asked to: somebody took it over, or the account is gone. Nobody is connected now. */
  | { readonly state: 'ended'; readonly reason: Error }

/** Hears of each change. */
export type OnState = (change: ClientState) => void

/** What every request takes. */
export interface RequestOptions {
  /** Gives the request up: it rejects with the signal's reason. Whether the server carried it out is then not known. */
  readonly signal?: AbortSignal | undefined
}

/** What proves that somebody is a user. */
export interface Credential {
  readonly secret: string
  /** How it came about: a generated one needs no slow hash, since nobody can guess it. */
  readonly kind: 'generated' | 'chosen'
}

/** What CONNECT takes. */
export interface PresenceOptions extends RequestOptions {
  /** For an account that has a credential. */
  readonly secret?: string | undefined
  /** Ends a session that the user has elsewhere; otherwise that is the fault `already-connected`. */
  readonly takeover?: boolean | undefined
  /**
   * False: for who only sends and asks. Nothing is received, and a session that the user has elsewhere goes on and gets the
   * receipts. It takes a secret: an open account has nothing else to show than being present. Not with the original protocol.
   */
  readonly present?: boolean | undefined
}

/** A user, and whether somebody is connected as that user. */
export interface UserPresence {
  readonly name: string
  readonly online: boolean
}

/**
 * The service as a program uses it, over whichever protocol. One user at a time is connected through a client.
 *
 * Requests reject with `Fault` (the server, or the client before it asks, refuses: code and reason), `CannotConnect`
 * (no proper answer) or `TimedOut`. What the original protocol cannot do is refused with `not-allowed`.
 */
export interface Client {
  /** Who is connected through this client, as far as it knows; also while the server is away and looked for. */
  readonly user: string | undefined
  /** Makes a user; without a credential an open account, where the server allows those. */
  register(user: string, credential?: Credential, options?: RequestOptions): Promise<void>
  /** Removes a user and its mailbox; the secret is needed if the user has one and is not connected through this client. */
  unregister(user: string, options?: PresenceOptions): Promise<void>
  /** Makes `user` present; from now on items are received. Resolves to how many wait, where the protocol tells. */
  connect(user: string, options?: PresenceOptions): Promise<number | undefined>
  /** Ends that. SENDs that were made before are answered first; what was not yet received waits on the server. */
  disconnect(user: string, options?: RequestOptions): Promise<void>
  /** Sends as the connected user; resolves to the message's id once the server has stored it. Waits while the server is away. */
  send(recipient: string, text: string, options?: RequestOptions): Promise<number>
  /** Sends a message with a file; the text may be empty. A connection that is lost on the way begins the upload anew. Else as `send`. */
  sendAttachment(
    recipient: string,
    text: string,
    file: OutgoingFile,
    options?: RequestOptions,
  ): Promise<number>
  /** Sets or replaces the connected user's credential. */
  passwd(credential: Credential, options?: RequestOptions): Promise<void>
  /** The users whose names begin with `prefix`, a hundred at most. Asked as the connected user. */
  users(prefix: string, options?: RequestOptions): Promise<readonly UserPresence[]>
  /** Gives everything up at once, without telling the server: `disconnect` does that. */
  close(): Promise<void>
}
