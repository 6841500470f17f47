import type { IncomingMessage } from '../../src/client/client.ts'
import { createClient } from '../../src/client/connect.ts'
import { fileBytes, outgoing } from '../support/files.ts'
import type { ActorFactory } from './actor.ts'

const BACKOFF = { firstMs: 5, mostMs: 100 }

/** The file that goes with a message of this text, as long as its number says: of no piece of the protocol, of one, of several. */
export function fileOfMessage(text: string): Buffer {
  const number = Number(text.split(' ').at(-1))
  return fileBytes((number * 7_919) % 40_000, number + 1)
}

/**
 * A user of our client library who sends a file with every message, and to whom a message counts as shown when its file is
 * safe, byte for byte: a file that is another one is shown as a message that nobody has sent.
 */
export const createFileActor: ActorFactory = (user, { host, port }, see) => {
  const secret = `the secret of ${user}`
  const shown = new Set<number>()
  const client = createClient({ server: host, port, backoff: BACKOFF }, (item) => {
    if (item.kind === 'receipt') see({ kind: 'receipt', user, id: item.id })
    // Messages behind it are given out meanwhile; what cannot be fetched comes again.
    else void take(item).catch(() => {})
  })
  let turn: Promise<void> = Promise.resolve()

  async function take(message: IncomingMessage): Promise<void> {
    const { id, sender, text, attachment } = message
    const pieces: Uint8Array[] = []
    const fetched = turn.then(async () => {
      for await (const piece of attachment?.open() ?? []) pieces.push(piece)
      const isWhole = attachment !== undefined && Buffer.concat(pieces).equals(fileOfMessage(text))
      if (!shown.has(id)) {
        see({ kind: 'shown', recipient: user, sender, id, text: isWhole ? text : `not the file of ${text}` })
      }
      shown.add(id)
      attachment?.confirm()
    })
    turn = fetched.catch(() => {})
    await fetched
  }

  return {
    user,
    outlivesServer: true,
    sendsAtATime: 3,
    mayRepeatAfterKill: { message: false, receipt: false },
    register: () => client.register(user, { kind: 'generated', secret }),
    async connect() {
      if (client.user !== user) await client.connect(user, { secret })
    },
    disconnect: () => client.disconnect(user),
    send: (recipient, text) => client.sendAttachment(recipient, text, outgoing(fileOfMessage(text))),
    abandon: async () => {},
    close: () => client.close(),
  }
}
