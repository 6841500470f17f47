/** A request was refused, in the words of the actor's protocol. */
export class Refusal extends Error {
  constructor(why: string) {
    super(`refused: ${why}`)
    this.name = 'Refusal'
  }
}

/** One user in a play: what the protocols have in common, so that a script runs over each of them. */
export interface Actor {
  readonly name: string
  registers(): Promise<void>
  unregisters(): Promise<void>
  connects(): Promise<void>
  disconnects(): Promise<void>
  /** Resolves to the id of the message; rejects with a `Refusal`. */
  sends(recipient: Actor | string, text: string): Promise<number>
  /** Is gone without a word: nobody reads what comes from now on. */
  vanishes(): Promise<void>
  /** Everything that was delivered so far, in words: `romeo: hello` and `receipt 0`. */
  readonly heard: Hearing
  /** Frees ports and sockets. */
  leaves(): Promise<void>
}

/** What was delivered to an actor. */
export class Hearing {
  readonly lines: string[] = []
  #expected = 0
  #wake: () => void = () => {}

  /** Something was delivered. */
  take(line: string): void {
    this.lines.push(line)
    this.#wake()
  }

  /** Waits until as many lines have come as are expected now and were before, and expects them to be these. */
  async next(...expected: readonly string[]): Promise<void> {
    const from = this.#expected
    this.#expected += expected.length
    while (this.lines.length < this.#expected) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    expect(this.lines.slice(from)).toEqual(expected)
  }
}
