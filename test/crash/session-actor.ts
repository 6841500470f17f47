import { createClient } from '../../src/client/connect.ts'
import type { ActorFactory } from './actor.ts'

/** How long to wait before the server is tried again: it is back soon, here. */
const BACKOFF = { firstMs: 5, mostMs: 100 }

/**
 * A user of our client library with the session protocol (wire-protocol 2). It lives on when the server dies: it comes
 * back by itself, repeats with the same ref what was not answered, and shows nothing twice.
 */
export const createSessionActor: ActorFactory = (user, { host, port }, see) => {
  const client = createClient({ server: host, port, backoff: BACKOFF }, (item) => {
    const { kind, id } = item
    if (kind === 'receipt') see({ kind, user, id })
    else see({ kind: 'shown', recipient: user, sender: item.sender, id, text: item.text })
  })
  return {
    user,
    outlivesServer: true,
    sendsAtATime: 8,
    mayRepeatAfterKill: { message: false, receipt: false },
    register: () => client.register(user),
    async connect() {
      if (client.user !== user) await client.connect(user)
    },
    disconnect: () => client.disconnect(user),
    send: (recipient, text) => client.send(recipient, text),
    abandon: async () => {},
    close: () => client.close(),
  }
}
