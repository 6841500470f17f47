import { setTimeout } from 'node:timers/promises'
import type { DeliveryChannel, EndReason } from '../domain/delivery-channel.ts'
import type { Item, Seq } from '../domain/message.ts'
import type { Observer } from '../domain/observer.ts'
import type { Presence } from '../domain/presence.ts'
import type { Store } from '../domain/store.ts'
import type { UserName } from '../domain/user-name.ts'

/** How long delivery waits where a store refuses although it is well, in milliseconds. */
const RETRY_MS = 500

const STORED = Promise.resolve()

/** What delivery works with. */
export interface DeliverContext {
  readonly store: Store
  readonly presence: Presence
  readonly observer: Observer
}

/**
 * Drains one mailbox into one channel: in order, one drain at a time, never more in flight than the channel's
 * window. The only place that reads a mailbox for delivery: order and "nothing lost" live here.
 */
export class Delivery {
  readonly #context: DeliverContext
  readonly #user: UserName
  readonly #channel: DeliveryChannel
  /** Handed over and not confirmed, in order. */
  #inFlight: Item[] = []
  #sentThrough: Seq = 0
  #state: 'waiting' | 'open' | 'reading' | 'paused' | 'ended' = 'waiting'
  #wokenWhileReading = false
  /** What was confirmed is on disk. */
  #stored: Promise<void> = STORED

  constructor(context: DeliverContext, user: UserName, channel: DeliveryChannel) {
    this.#context = context
    this.#user = user
    this.#channel = channel
  }

  /** Delivery begins. */
  start(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'open'
    this.#drain()
  }

  /** The mailbox may have something new. */
  wake(): void {
    if (this.#state === 'open') this.#drain()
    else if (this.#state === 'reading') this.#wokenWhileReading = true
  }

  /** The channel takes items again. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'open'
    this.#drain()
  }

  /**
   * The client has everything up to and including `seq`. What it was never sent it cannot confirm: such a seq
   * counts as the last one sent. Resolves when everything that was confirmed is on disk.
   */
  confirm(seq: Seq): Promise<void> {
    let count = 0
    while (count < this.#inFlight.length && (this.#inFlight[count] as Item).seq <= seq) count++
    if (count === 0) return this.#stored
    const confirmed = this.#inFlight.splice(0, count)
    // One that comes later carries more than what came before: the store has it in order.
    this.#stored = this.#store(confirmed)
    this.wake()
    return this.#stored
  }

  /** Delivery is over; resolves once nothing handed over is still on its way. */
  async end(reason: EndReason): Promise<void> {
    this.#state = 'ended'
    await this.#channel.close(reason)
    this.#context.store.release(this.#user)
  }

  /** Makes a confirmation durable. The items were delivered, whatever the store says: so it is tried until it holds. */
  async #store(confirmed: readonly Item[]): Promise<void> {
    const { store, presence, observer } = this.#context
    const through = (confirmed.at(-1) as Item).seq
    for (;;) {
      try {
        const senders = await store.confirm(this.#user, through)
        observer.confirmed?.(confirmed)
        if (observer.delivered !== undefined) {
          for (const item of confirmed) {
            if (item.kind === 'message') observer.delivered(item.id, item.sender, this.#user)
          }
        }
        for (const sender of senders) presence.signal(sender)
        return
      } catch {
        await this.#untilReady()
      }
    }
  }

  /** Waits after the store has refused: for its recovery, or a while if it calls itself well (a damaged record). */
  async #untilReady(): Promise<void> {
    const { store } = this.#context
    if (store.failure() !== undefined) await store.recovered()
    else await setTimeout(RETRY_MS, undefined, { ref: false })
  }

  #drain(): void {
    while (this.#state === 'open') {
      const room = this.#channel.window - this.#inFlight.length
      if (room <= 0) return
      const items = this.#context.store.read(this.#user, this.#sentThrough, room)
      if (!Array.isArray(items)) {
        void this.#drainLater(items as Promise<readonly Item[]>)
        return
      }
      if (items.length === 0) return
      this.#push(items)
    }
  }

  /** A read that takes time: other wake-ups only leave a note meanwhile, so that there is one drain at a time. */
  async #drainLater(reading: Promise<readonly Item[]>): Promise<void> {
    this.#state = 'reading'
    this.#wokenWhileReading = false
    let items: readonly Item[] = []
    try {
      items = await reading
    } catch {
      await this.#untilReady()
      this.#wokenWhileReading = true
    }
    if (this.#state !== 'reading') return
    this.#state = 'open'
    if (items.length > 0) this.#push(items)
    if (items.length > 0 || this.#wokenWhileReading) this.#drain()
  }

  #push(items: readonly Item[]): void {
    for (const item of items) this.#inFlight.push(item)
    this.#sentThrough = (items.at(-1) as Item).seq
    // The channel may confirm at once (in a test, in memory), so the state is set before it is asked.
    if (!this.#channel.push(items) && this.#state === 'open') this.#state = 'paused'
  }
}
