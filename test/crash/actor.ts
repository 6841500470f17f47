import type { HistoryEvent } from './history.ts'

/** Where the server is in this life: it keeps its port over a restart. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** One user, as the load sees it; there is one kind for each protocol and program. */
export interface Actor {
  readonly user: string
  /** A SEND without an answer may be asked again with the same ref, and is stored once (wire-protocol 2). Otherwise its fate stays unknown. */
  readonly idempotent: boolean
  /** May it be shown a message, or a receipt, again after a kill? See `CheckOptions`. */
  readonly mayRepeatAfterKill: { readonly message: boolean; readonly receipt: boolean }
  register(): Promise<void>
  /** Becomes present: from now on it is shown what comes. Also when it was present and the server has forgotten. */
  connect(): Promise<void>
  disconnect(): Promise<void>
  /** Resolves to the message's id; rejects with a `Fault` if it was refused, with anything else if there was no answer. */
  send(recipient: string, text: string, ref: string): Promise<number>
  /** The server is gone: resolves when nothing that it sent is still to be shown. */
  abandon(): Promise<void>
  /** The test is over: nothing stays open. */
  close(): Promise<void>
}

/** Makes the actor of a user. `see` takes what it is shown, when it is shown. */
export type ActorFactory = (
  user: string,
  server: ServerAddress,
  see: (event: HistoryEvent & { kind: 'shown' | 'receipt' }) => void,
) => Actor
