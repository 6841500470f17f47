import type { Load, Traffic } from './load.ts'
import type { Server } from './server.ts'

/** A messaging system that the bench can start and talk to. */
export interface System {
  readonly name: string
  /** What its acknowledgements are worth, and what else a reader of its figures must know. */
  readonly note: string
  /** Its version, or undefined when it is not installed. */
  version(): string | undefined
  /** Starts it, set up as its documentation advises for that many unacknowledged messages of each sender. */
  start(window: number): Promise<Server>
  /** Connects `pairs` senders and as many recipients, ready to send and to receive. */
  connect(port: number, pairs: number, load: Load): Promise<Traffic>
}
