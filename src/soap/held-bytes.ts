/** A body up to so many bytes is small. */
const SMALL = 16 * 1024
/** The part of the limit that large bodies may fill: a few of them do not shut out small calls. */
const FOR_LARGE = 0.75

/**
 * Counts the bytes of bodies that are held in memory at a time, of all connections: of requests that have not arrived whole,
 * and of answers that were not taken yet. With a limit on them memory is bounded by it, not by callers times bodies.
 */
export class HeldBytes {
  private readonly most: number
  private held = 0

  /** `most`: from so many on nothing more is read. */
  constructor(most: number) {
    this.most = most
  }

  /** May so many more be held, of a body that would be of this length with them. */
  hasRoom(bytes: number, length: number): boolean {
    return this.held + bytes <= (length > SMALL ? this.most * FOR_LARGE : this.most)
  }

  /** So many more are held; fewer, where negative. An answer that was made is held whether there is room or not. */
  add(bytes: number): void {
    this.held += bytes
  }
}
