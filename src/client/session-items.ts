import type { Incoming, Receive } from './client.ts'

/** What came in, as something to iterate over. There is one reader: two loops at once would share the items. */
export interface SessionItems {
  /** Where a client puts what comes in. */
  readonly receive: Receive
  /**
   * The next item. Asking for it says that the one before was taken. A loop that is left keeps the item it had in hand
   * untaken: it is given again to the next loop, or comes again in the next session.
   */
  readonly iterator: AsyncIterator<Incoming, undefined>
  /** The item in hand was taken. */
  confirm(): void
  /** Nothing comes any more: the loop ends, or throws the reason. What was not taken is refused, so that it stays on the server. */
  end(reason?: unknown): void
}

interface Offer {
  readonly item: Incoming
  taken(): void
  refuse(reason: unknown): void
}

/** Why an item is not taken any more. */
const OVER = 'nobody takes items any more'

interface Reader {
  resolve(result: IteratorResult<Incoming, undefined>): void
  reject(reason: unknown): void
}

/** Joins a client, which hands one item over at a time, and a loop, which asks for one at a time. */
export function createSessionItems(): SessionItems {
  let offered: Offer | undefined
  let inHand: Offer | undefined
  let readers: Reader[] = []
  let ended: { readonly reason: unknown } | undefined

  const confirm = () => {
    const taken = inHand
    inHand = undefined
    taken?.taken()
  }
  const finish = ({ resolve, reject }: Reader, reason: unknown) => {
    if (reason === undefined) resolve({ done: true, value: undefined })
    else reject(reason)
  }
  const give = () => {
    if (offered === undefined || inHand !== undefined) return
    const reader = readers.shift()
    if (reader === undefined) return
    inHand = offered
    offered = undefined
    reader.resolve({ done: false, value: inHand.item })
  }

  return {
    receive: (item) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(new Error(OVER))
        offered = { item, taken: resolve, refuse: reject }
        give()
      }),
    iterator: {
      next() {
        confirm()
        return new Promise((resolve, reject) => {
          if (ended !== undefined) return finish({ resolve, reject }, ended.reason)
          readers.push({ resolve, reject })
          give()
        })
      },
      async return() {
        offered = inHand ?? offered
        inHand = undefined
        return { done: true, value: undefined }
      },
    },
    confirm,
    end(reason) {
      if (ended !== undefined) return
      ended = { reason }
      for (const offer of [inHand, offered]) offer?.refuse(new Error(OVER))
      offered = undefined
      inHand = undefined
      for (const reader of readers) finish(reader, reason)
      readers = []
    },
  }
}
