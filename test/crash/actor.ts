import type { HistoryEvent } from './history.ts'

/** Where the server is: it keeps its port over a restart. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** One user, as the load sees it; there is one kind for each protocol and program. */
export interface Actor {
  readonly user: string
  /** What it has begun goes on when the server is back. Otherwise a SEND without an answer rejects, and its fate stays unknown. */
  readonly outlivesServer: boolean
  /** How many SENDs it may have under way; their order is that of the calls. */
  readonly sendsAtATime: number
  /** May it be shown a message, or a receipt, again after a kill? See `CheckOptions`. */
  readonly mayRepeatAfterKill: { readonly message: boolean; readonly receipt: boolean }
  register(): Promise<void>
  /** Becomes present: from now on it is shown what comes. Also when it was present and the server has forgotten. */
  connect(): Promise<void>
  disconnect(): Promise<void>
  /**
   * Resolves to the message's id; rejects with a `Fault` if it was refused, with anything else if there was no answer.
   * @param file goes with the message, if the user takes part with files.
   */
  send(recipient: string, text: string, file?: Buffer): Promise<number>
  /** The server is gone: resolves when nothing that it sent is still to be shown, unless it would be shown only once. */
  abandon(): Promise<void>
  /** The test is over: nothing stays open. */
  close(): Promise<void>
}

/** Makes the actor of a user. `see` takes what it is shown, when it is shown. */
export type ActorFactory = (
  user: string,
  server: ServerAddress,
  see: (event: HistoryEvent & { kind: 'shown' | 'file' | 'receipt' }) => void,
) => Actor
