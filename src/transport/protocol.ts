import type { Socket } from 'node:net'

/** A protocol that the socket port speaks. The listener asks each in turn whether a connection's first frame is its own. */
export interface Protocol {
  readonly name: string
  /** Does a connection that opens with this word (its terminator not included) speak this protocol? */
  matches(firstWord: string): boolean
  /** Takes the connection over. `opening` is what was read so far and has to be decoded first. */
  serve(socket: Socket, opening: Buffer): void
  /** What a connection beyond the limits is told before it is closed, if the protocol has words for that. */
  refusal?(why: string): string
  /** The server stops: finish what was begun, say goodbye, close. The listener cuts what takes too long. */
  stop(): void
}
