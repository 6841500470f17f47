/** What a peer may take its time for. */
export interface WatchTimes {
  /** After so long a silence a peer is asked for a sign of life; after twice that it is gone (wire-protocol 2, PING). */
  readonly heartbeatMs: number
  /** How long a frame may take to arrive once it has begun, and how long a peer that was told goodbye may take to close. */
  readonly requestTimeoutMs: number
  /** How often `verdict` is asked. The clock may be behind by so much. */
  readonly checkMs: number
  /** A clock that never goes back, in milliseconds; precise to `checkMs`. */
  clock(): number
}

/** What is to be done about a peer: nothing; ask for a sign of life; refuse the frame that does not end; cut. */
export type Verdict = 'fine' | 'ask' | 'slow' | 'gone'

/** Silence for so many heartbeats ends a session. */
const SILENT_HEARTBEATS = 2

/** Knows how long one peer has been silent, or slow (reliability R5, R6). */
export class PeerWatch {
  readonly #times: WatchTimes
  #heardAt: number
  /** Bytes of a frame that has begun and not ended, and when it began. */
  #begun = 0
  #begunAt = 0
  #asked = false
  #dismissed = false

  constructor(times: WatchTimes) {
    this.#times = times
    this.#heardAt = times.clock()
  }

  /**
   * A chunk came.
   * @param begun bytes that now wait for the end of their frame. If they are more than the chunk, their frame began earlier.
   */
  heard(chunkBytes: number, begun: number): void {
    const now = this.#times.clock()
    this.#heardAt = now
    this.#asked = false
    this.#begun = begun
    if (begun <= chunkBytes) this.#begunAt = now
  }

  /** For now it is not the peer's turn: it waits for our answers, or we do not read. That is no silence of its own. */
  excuse(): void {
    this.#heardAt = this.#times.clock()
    this.#begunAt = this.#heardAt
  }

  /** The peer was told goodbye; what it still says counts for nothing. */
  dismiss(): void {
    this.excuse()
    this.#dismissed = true
  }

  /** To be asked every `checkMs`. */
  verdict(): Verdict {
    const { clock, checkMs, heartbeatMs, requestTimeoutMs } = this.#times
    // What the clock is behind is given to the peer: nobody is cut before the time.
    const now = clock() - checkMs
    const silent = now - this.#heardAt
    if (silent >= (this.#dismissed ? requestTimeoutMs : SILENT_HEARTBEATS * heartbeatMs)) return 'gone'
    if (this.#dismissed) return 'fine'
    if (this.#begun > 0 && now - this.#begunAt >= requestTimeoutMs) return 'slow'
    if (this.#asked || silent < heartbeatMs) return 'fine'
    this.#asked = true
    return 'ask'
  }
}
