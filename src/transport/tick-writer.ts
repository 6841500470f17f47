import type { Socket } from 'node:net'

/** Whoever must know that a peer does not read what waits for it, or reads again. */
export interface BlockedListener {
  onBlocked(blocked: boolean): void
}

/** Gathers what one tick has to say to a peer and writes it in one call. Measured: a write per frame costs more than all else that a frame costs. */
export class TickWriter {
  readonly #socket: Socket
  readonly #maxWaitingBytes: number
  readonly #owner: BlockedListener
  #out = ''
  #flushing = false
  #blocked = false

  /**
   * @param maxWaitingBytes bytes that may wait for a peer that reads slowly, before it counts as blocked. Not less than the
   * socket's high-water mark, so that 'drain' follows.
   * @param owner told when the peer has become blocked, or reads again. It hands on the socket's 'drain'.
   */
  constructor(socket: Socket, maxWaitingBytes: number, owner: BlockedListener) {
    this.#socket = socket
    this.#maxWaitingBytes = maxWaitingBytes
    this.#owner = owner
  }

  /** The socket has written all that waited: to be called on its 'drain'. */
  drained(): void {
    this.#setBlocked(false)
  }

  /** The peer does not read what waits for it. */
  get blocked(): boolean {
    return this.#blocked
  }

  /** Adds frames (bytes as a string) to what leaves at the end of this tick. */
  write(frames: string): void {
    this.#out += frames
    // Not only when it is flushed: a mailbox that is drained in this tick would pour all its window in.
    if (this.#out.length > this.#maxWaitingBytes) this.#setBlocked(true)
    if (this.#flushing) return
    this.#flushing = true
    process.nextTick(flush, this)
  }

  /** Writes what has been gathered now. */
  flush(): void {
    this.#flushing = false
    const out = this.#out
    this.#out = ''
    if (out === '' || !this.#socket.writable) return
    this.#socket.write(out, 'latin1')
    // What the system has taken at once is followed by no 'drain'.
    this.#setBlocked(this.#socket.writableLength > this.#maxWaitingBytes)
  }

  #setBlocked(blocked: boolean): void {
    if (blocked === this.#blocked) return
    this.#blocked = blocked
    this.#owner.onBlocked(blocked)
  }
}

function flush(writer: TickWriter): void {
  writer.flush()
}
