import type { ByteString } from '../domain/byte-string.ts'
import type { DeliveryChannel, EndReason } from '../domain/delivery-channel.ts'
import type { Seq } from '../domain/message.ts'
import type { Session } from '../domain/messaging.ts'
import type { PresenceHolder } from '../domain/presence.ts'
import type { Account } from '../domain/store.ts'
import type { UserName } from '../domain/user-name.ts'
import { type DeliverContext, Delivery } from './deliver.ts'

/** What the sessions of one server share. */
export interface SessionRegistry extends DeliverContext {
  /** Who is present here. */
  readonly sessions: Map<UserName, LocalSession>
  /** Ends under way, by user: the next session of that user delivers only when nothing of the last is on its way. */
  readonly ending: Map<UserName, Promise<void>>
}

/** A present user: the session that an edge sees, and what presence wakes. A class, since there are as many as users: closures cost a kilobyte each. */
export class LocalSession implements Session, PresenceHolder {
  readonly user: UserName
  readonly waiting: number
  /** By which its client knows it again; empty: it does not. */
  readonly token: ByteString
  /** The credential that whoever holds this session must have proven; empty: an open account. */
  proof: ByteString
  readonly #registry: SessionRegistry
  readonly #channel: DeliveryChannel
  readonly #delivery: Delivery
  #ended: Promise<void> | undefined

  constructor(
    registry: SessionRegistry,
    account: Account,
    channel: DeliveryChannel,
    waiting: number,
    token: ByteString,
  ) {
    const user = account.name
    this.user = user
    this.proof = account.verifier
    this.waiting = waiting
    this.token = token
    this.#registry = registry
    this.#channel = channel
    this.#delivery = new Delivery(registry, user, channel)
  }

  /** Nobody is at the other end for now. */
  get idle(): boolean {
    return this.#channel.idle === true
  }

  start(): void {
    const earlier = this.#registry.ending.get(this.user)
    if (earlier === undefined) this.#delivery.start()
    else void earlier.then(() => this.#delivery.start())
  }

  confirm(seq: Seq): Promise<void> {
    return this.#delivery.confirm(seq)
  }

  resume(): void {
    this.#delivery.resume()
  }

  wake(): void {
    this.#delivery.wake()
  }

  /** Ends the session, once; resolves when nothing of it is on its way any more. */
  end(reason: EndReason): Promise<void> {
    this.#ended ??= this.#end(reason)
    return this.#ended
  }

  async #end(reason: EndReason): Promise<void> {
    const { sessions, ending, presence, observer } = this.#registry
    if (sessions.get(this.user) === this) sessions.delete(this.user)
    observer.sessions?.(sessions.size)
    presence.release(this.user, this)
    if (reason === 'gone') observer.gone?.(this.user, 'gone without DISCONNECT')
    const end = Promise.all([ending.get(this.user), this.#delivery.end(reason)]).then(() => {
      if (ending.get(this.user) === end) ending.delete(this.user)
    })
    ending.set(this.user, end)
    return end
  }
}
