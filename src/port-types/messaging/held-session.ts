import type { DeliveryChannel, EndReason } from '../../domain/delivery-channel.ts'
import { Fault } from '../../domain/fault.ts'
import type { Item, Seq } from '../../domain/message.ts'
import type { Claim, Session } from '../../domain/messaging.ts'

/** Entries in one reply at most: what is in flight to a caller. */
export const MAX_ENTRIES = 100
/** Bytes of text in one reply, about: the first entry always fits. */
const MAX_REPLY_BYTES = 1024 * 1024
/** How long a Receive that does not wait waits for what is known to be there, in milliseconds. */
const FIRST_MS = 1_000

/** What a Receive that waits is told when its presence ends; of the other reasons it hears nothing. */
const ENDS: Readonly<Partial<Record<EndReason, () => Fault>>> = {
  takeover: () => new Fault('already-connected', 'another connection of this user took over'),
  unregistered: () => new Fault('not-authenticated', 'the account is gone'),
  credential: () => new Fault('not-authenticated', 'the account has another credential now'),
}

/** What is in hand for one reply. */
export interface PollOptions {
  readonly maxEntries: number
  readonly waitMs: number
  /** The caller has gone. */
  readonly signal: AbortSignal
}

/**
 * The presence of a user who polls: the channel on which the mailbox is delivered into the hand, and from there into replies.
 * What is in the hand is given again until it is acknowledged, so that nothing is lost with a reply.
 */
export class HeldSession implements DeliveryChannel {
  readonly window = MAX_ENTRIES
  readonly claim: Claim
  /** Set as soon as the service has made the user present. */
  session: Session | undefined
  /** A Receive or an Acknowledge is at work; otherwise the presence is only kept for the next. */
  busy = 0
  #ended: EndReason | undefined
  readonly #onEnd: () => void
  #hand: Item[] = []
  #handBytes = 0
  #given: Seq = 0
  #paused = false
  #pushed = false
  #polling = false
  #wake: (() => void) | undefined

  constructor(claim: Claim, onEnd: () => void) {
    this.claim = claim
    this.#onEnd = onEnd
  }

  get idle(): boolean {
    return this.busy === 0
  }

  push(items: readonly Item[]): boolean {
    for (const item of items) {
      this.#hand.push(item)
      this.#handBytes += bytesOf(item)
    }
    this.#pushed = true
    this.#wake?.()
    this.#paused = this.#handBytes >= MAX_REPLY_BYTES
    return !this.#paused
  }

  async close(reason: EndReason): Promise<void> {
    this.#ended = reason
    this.#onEnd()
    this.#wake?.()
  }

  /**
   * What waits, from the first that is not acknowledged; waits for something where nothing is. Rejects with `already-connected`
   * while another poll waits, or with what ended the presence.
   */
  async poll(options: PollOptions): Promise<readonly Item[]> {
    if (this.#polling) throw new Fault('already-connected', 'another Receive of this user is waiting')
    this.#polling = true
    try {
      return await this.#poll(options)
    } finally {
      this.#polling = false
    }
  }

  async #poll({ maxEntries, waitMs, signal }: PollOptions): Promise<readonly Item[]> {
    const known = !this.#pushed && (this.session?.waiting ?? 0) > 0
    if (this.#hand.length === 0) await this.#wait(known ? Math.max(waitMs, FIRST_MS) : waitMs, signal)
    if (this.#ended !== undefined) {
      const fault = ENDS[this.#ended]?.()
      if (fault !== undefined) throw fault
      return []
    }
    // Nobody reads it: the next caller is to get it, and may not acknowledge what nobody saw.
    if (signal.aborted) return []
    const items = this.#firstOf(maxEntries)
    this.#given = Math.max(this.#given, items.at(-1)?.seq ?? 0)
    return items
  }

  /**
   * The caller has everything up to and including `seq`, as far as it was given: here, or with this very seq by a session before
   * this one. Resolves when that is on disk.
   */
  async acknowledge(seq: Seq): Promise<void> {
    const exactly = this.#hand.some((item) => item.seq === seq)
    const through = exactly ? seq : Math.min(seq, this.#given)
    const kept = this.#hand.findIndex((item) => item.seq > through)
    const gone = this.#hand.splice(0, kept === -1 ? this.#hand.length : kept)
    for (const item of gone) this.#handBytes -= bytesOf(item)
    const stored = this.session?.confirm(through)
    if (this.#paused && this.#handBytes < MAX_REPLY_BYTES) {
      this.#paused = false
      this.session?.resume()
    }
    await stored
  }

  /** Ends the wait of a Receive at once. */
  interrupt(): void {
    this.#wake?.()
  }

  #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (milliseconds === 0 || signal.aborted || this.#ended !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, milliseconds)
      signal.addEventListener('abort', done)
      this.#wake = done
    })
  }

  #firstOf(maxEntries: number): readonly Item[] {
    let bytes = 0
    let count = 0
    for (const item of this.#hand) {
      bytes += bytesOf(item)
      if (count === maxEntries || (count > 0 && bytes > MAX_REPLY_BYTES)) break
      count++
    }
    return this.#hand.slice(0, count)
  }
}

function bytesOf(item: Item): number {
  return item.kind === 'message' ? item.text.length : 0
}
