/** A message that came for the connected user. */
export interface IncomingMessage {
  readonly kind: 'message'
  readonly id: number
  readonly sender: string
  /** As the sender wrote it: not yet harmless to a terminal. */
  readonly text: string
}

/** The receipt for a message of the connected user: its recipient has it. */
export interface IncomingReceipt {
  readonly kind: 'receipt'
  readonly id: number
}

/** What a server sends unasked, in order. */
export type Incoming = IncomingMessage | IncomingReceipt

/**
 * Takes what came in, one after the other. The server learns that an item has arrived once this is done, so what it
 * resolves to may be "written": an item whose taking fails stays in the mailbox and comes again.
 */
export type Receive = (item: Incoming) => void | Promise<void>

/**
 * The service as a program uses it, over whichever protocol. One user at a time is connected through a client.
 *
 * Requests reject with `Fault` (the server, or the client before it asks, refuses: code and reason), `CannotConnect`
 * (no proper answer) or `TimedOut`.
 */
export interface Client {
  /** Who is connected through this client, as far as it knows: a server that starts anew forgets without telling. */
  readonly user: string | undefined
  register(user: string): Promise<void>
  unregister(user: string): Promise<void>
  /** Makes `user` present; from now on items are received. */
  connect(user: string): Promise<void>
  disconnect(user: string): Promise<void>
  /** Sends as the connected user; resolves to the message's id once the server has stored it. */
  send(recipient: string, text: string): Promise<number>
  /** Gives everything up at once, without telling the server: `disconnect` does that. */
  close(): Promise<void>
}
