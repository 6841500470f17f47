/** One sender, as a protocol implements it. */
export interface Sender {
  /** Sends `count` messages, numbered from `first` on, with one write. */
  send(first: number, count: number): void
}

/** The connected clients of one system: sender n sends to recipient n. */
export interface Traffic {
  readonly senders: readonly Sender[]
  /** Resolves when the server has taken in every confirmation of a round that had so many messages. */
  settled(messages: number): Promise<void>
  close(): void
}

/** What one round brought. */
export interface Round {
  readonly messages: number
  /** Acknowledged to their senders, per second, from the first send to the last acknowledgement. */
  readonly sends: number
  /** Confirmed by their recipients, per second, from the first send until the server had taken in the last confirmation. */
  readonly deliveries: number
  /** Milliseconds from the send to the arrival at the recipient. */
  readonly p50: number
  readonly p99: number
  /** How long the round took, in seconds. */
  readonly seconds: number
  /** Processor time that this process used for it, in seconds. */
  readonly generatorSeconds: number
}

/** Room for a round's times, by message: all systems use the same, one after the other. */
export interface Times {
  /** When each message was written, by `performance.now`. */
  readonly sentAt: Float64Array
  /** How long each message took to its recipient, in milliseconds; -1: it has not arrived. */
  readonly took: Float64Array
}

/** How long what was sent may take to be acknowledged, delivered and confirmed after the last send. */
const PATIENCE_MS = 30_000

/**
 * Keeps `window` messages of each sender unacknowledged for a while, and counts. The same for all systems: their
 * clients call `acknowledged`, `arrived` and `received`, and are told what to send.
 */
export class Load {
  readonly #system: string
  readonly #sentAt: Float64Array
  readonly #took: Float64Array
  /** Number of the round's first message: numbers are never used twice, so that nothing late or repeated is counted. */
  #first = 0
  #sent = 0
  #acknowledged = 0
  #arrived = 0
  #open = false
  #acknowledgedAt = 0
  #finish: (() => void) | undefined
  #fail: ((error: Error) => void) | undefined

  constructor(system: string, times: Times) {
    this.#system = system
    this.#sentAt = times.sentAt
    this.#took = times.took
  }

  /** A sender has got `count` acknowledgements: sends as many messages. */
  acknowledged(sender: Sender, count: number): void {
    this.#acknowledged += count
    if (this.#open) this.#send(sender, count)
    else {
      this.#acknowledgedAt = performance.now()
      this.#check()
    }
  }

  /** Message `number` is at its recipient, `now` (by `performance.now`). */
  arrived(number: number, now: number): void {
    const index = number - this.#first
    if (index < 0 || this.#took[index] !== -1) throw this.#error(`message ${number} arrived twice`)
    this.#took[index] = now - (this.#sentAt[index] as number)
    this.#arrived++
  }

  /** A recipient has read, and confirmed, all that a chunk held. */
  received(): void {
    if (!this.#open) this.#check()
  }

  /** Something went wrong that no round survives. */
  fail(why: string): void {
    const error = this.#error(why)
    if (this.#fail === undefined) throw error
    this.#fail(error)
  }

  /** A frame that the protocol's client does not expect: ends the round, saying what it was. */
  unexpected(bytes: Buffer, at: number, end: number): number {
    this.fail(`unexpected ${JSON.stringify(bytes.toString('latin1', at, Math.min(end, at + 200)))}`)
    return end
  }

  /**
   * One round: sends for so many milliseconds, then waits until everything was acknowledged, delivered and confirmed.
   * Rejects when anything is lost, arrives twice or is refused.
   */
  async run(traffic: Traffic, window: number, milliseconds: number): Promise<Round> {
    this.#first += this.#sent
    this.#took.fill(-1)
    this.#sent = 0
    this.#acknowledged = 0
    this.#arrived = 0
    this.#open = true
    const used = process.cpuUsage()
    const began = performance.now()
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve
    })
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    for (const sender of traffic.senders) this.#send(sender, window)
    const close = setTimeout(() => {
      this.#open = false
      this.#check()
    }, milliseconds)
    const late = setTimeout(
      () => this.fail('not everything was acknowledged, delivered and confirmed'),
      milliseconds + PATIENCE_MS,
    )
    try {
      await Promise.race([finished, failed])
      await Promise.race([traffic.settled(this.#sent), failed])
      const ended = performance.now()
      const { user, system } = process.cpuUsage(used)
      const took = this.#took.subarray(0, this.#sent).sort()
      return {
        messages: this.#sent,
        sends: (this.#sent / (this.#acknowledgedAt - began)) * 1000,
        deliveries: (this.#sent / (ended - began)) * 1000,
        p50: took[Math.floor(took.length * 0.5)] as number,
        p99: took[Math.floor(took.length * 0.99)] as number,
        seconds: (ended - began) / 1000,
        generatorSeconds: (user + system) / 1e6,
      }
    } finally {
      clearTimeout(close)
      clearTimeout(late)
      this.#fail = undefined
    }
  }

  #send(sender: Sender, count: number): void {
    const from = this.#sent
    if (from + count > this.#sentAt.length) throw this.#error('it is faster than this bench has room for')
    this.#sent = from + count
    this.#sentAt.fill(performance.now(), from, from + count)
    sender.send(this.#first + from, count)
  }

  #check(): void {
    if (this.#acknowledged >= this.#sent && this.#arrived >= this.#sent) this.#finish?.()
  }

  #error(why: string): Error {
    return new Error(
      `${this.#system}: ${why} (sent ${this.#sent}, acknowledged ${this.#acknowledged}, arrived ${this.#arrived})`,
    )
  }
}
