import type { IncomingAttachment } from './client.ts'

/** The files of one mailbox that have come with their messages and are not safe yet: nothing from the first of them on is confirmed. */
export class UnsafeFiles {
  readonly #unfinished = new Map<number, IncomingAttachment>()
  /** Safe, behind one that is not. */
  readonly #finished = new Set<number>()
  /** Up to here all is safe, and the server was told. */
  #confirmed = 0

  /** A file has come with the message of this seq. */
  add(seq: number, attachment: IncomingAttachment): void {
    this.#unfinished.set(seq, attachment)
  }

  /** Is the file of this message under way. */
  has(seq: number): boolean {
    return this.#unfinished.has(seq)
  }

  /** Was the file of this message safe before. */
  wasSafe(seq: number): boolean {
    return seq <= this.#confirmed || this.#finished.has(seq)
  }

  /** A file is safe. False: it is that of an earlier session, and came again, or will. */
  finish(seq: number, attachment: IncomingAttachment): boolean {
    if (this.#unfinished.get(seq) !== attachment) return false
    this.#unfinished.delete(seq)
    this.#finished.add(seq)
    return true
  }

  /** The last seq that may be confirmed: what was shown, up to the first file that is not safe. */
  confirmable(shown: number): number {
    return this.#unfinished.size === 0 ? shown : Math.min(shown, Math.min(...this.#unfinished.keys()) - 1)
  }

  /** The server is told that all is safe up to and including this seq. */
  confirm(through: number): void {
    this.#confirmed = through
    for (const seq of this.#finished) if (seq <= through) this.#finished.delete(seq)
  }

  /** What is not safe comes again with its message. */
  clear(): void {
    this.#unfinished.clear()
  }
}
