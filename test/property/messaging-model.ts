/** An item of a mailbox, in words, and the account that gets the receipt. */
interface ModelItem {
  readonly words: string
  readonly id: number
  readonly sender?: ModelAccount
}

interface ModelAccount {
  mailbox: ModelItem[]
  connected: boolean
}

/** What the service does, in as few lines as possible: random operations are compared with it. Outcomes are `ok`, an id or a fault's code. */
export class MessagingModel {
  readonly #accounts = new Map<string, ModelAccount>()
  #nextId = 0

  register(name: string): string {
    if (this.#accounts.has(name)) return 'user-exists'
    this.#accounts.set(name, { mailbox: [], connected: false })
    return 'ok'
  }

  unregister(name: string): string {
    return this.#accounts.delete(name) ? 'ok' : 'no-such-user'
  }

  connect(name: string): string {
    const account = this.#accounts.get(name)
    if (account === undefined) return 'no-such-user'
    if (account.connected) return 'already-connected'
    account.connected = true
    return 'ok'
  }

  disconnect(name: string): string {
    const account = this.#accounts.get(name)
    if (account === undefined) return 'no-such-user'
    if (!account.connected) return 'not-connected'
    account.connected = false
    return 'ok'
  }

  send(from: string, to: string, text: string): string {
    const sender = this.#accounts.get(from)
    if (sender === undefined) return 'no-such-user'
    if (!sender.connected) return 'not-connected'
    const recipient = this.#accounts.get(to)
    if (recipient === undefined) return 'no-such-user'
    const id = this.#nextId++
    recipient.mailbox.push({ words: `${id} ${from}: ${text}`, id, sender })
    return String(id)
  }

  /** The client confirms the first `count` of what it holds. */
  confirm(name: string, count: number): void {
    for (const { id, sender } of this.#accounts.get(name)?.mailbox.splice(0, count) ?? []) {
      sender?.mailbox.push({ words: `receipt ${id} by ${name}`, id })
    }
  }

  /** What the channel of a connected user must hold: the first items that are not confirmed, in order. */
  held(name: string, window: number): string[] {
    const account = this.#accounts.get(name)
    return account?.connected ? account.mailbox.slice(0, window).map(({ words }) => words) : []
  }
}
