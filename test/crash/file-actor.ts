import type { IncomingMessage } from '../../src/client/client.ts'
import { createClient } from '../../src/client/connect.ts'
import { DamagedFile } from '../../src/client/errors.ts'
import { Fault } from '../../src/domain/fault.ts'
import { outgoing, sha256 } from '../support/files.ts'
import type { ActorFactory } from './actor.ts'

const BACKOFF = { firstMs: 5, mostMs: 100 }

/**
 * A user of our client library who has a credential, and so may send and take files. Like the user of session-actor.ts it lives
 * on when the server dies; it has each file once.
 */
export const createFileActor: ActorFactory = (user, { host, port }, see) => {
  const secret = `the secret of ${user}`
  const client = createClient({ server: host, port, backoff: BACKOFF }, (item) => {
    if (item.kind === 'receipt') see({ kind: 'receipt', user, id: item.id })
    else take(item)
  })
  /** Ends what is being fetched when the user leaves: it comes again in the next session. */
  let leaving = new AbortController()
  let turn: Promise<void> = Promise.resolve()

  function take(message: IncomingMessage): void {
    const { id, sender, text, attachment, again } = message
    if (again !== true) see({ kind: 'shown', recipient: user, sender, id, text })
    const { signal } = leaving
    // Messages behind it are given out meanwhile.
    if (attachment !== undefined) turn = turn.then(() => fetchFile(text, attachment, signal))
  }

  async function fetchFile(
    text: string,
    attachment: NonNullable<IncomingMessage['attachment']>,
    signal: AbortSignal,
  ): Promise<void> {
    const pieces: Uint8Array[] = []
    try {
      for await (const piece of attachment.open({ signal })) pieces.push(piece)
    } catch (error) {
      const gone =
        error instanceof DamagedFile || (error instanceof Fault && error.code === 'invalid-request')
      // It is lost, and not to be asked for again: the history tells, since it has no such file.
      if (gone && !signal.aborted) attachment.confirm()
      return
    }
    if (signal.aborted) return
    see({ kind: 'file', recipient: user, text, file: sha256(Buffer.concat(pieces)) })
    attachment.confirm()
  }

  return {
    user,
    outlivesServer: true,
    sendsAtATime: 3,
    mayRepeatAfterKill: { message: false, receipt: false },
    register: () => client.register(user, { kind: 'generated', secret }),
    async connect() {
      if (client.user === user) return
      leaving = new AbortController()
      await client.connect(user, { secret })
    },
    disconnect() {
      leaving.abort()
      return client.disconnect(user)
    },
    send: (recipient, text, file) =>
      file === undefined
        ? client.send(recipient, text)
        : client.sendAttachment(recipient, text, outgoing(file)),
    abandon: async () => {},
    close() {
      leaving.abort()
      return client.close()
    },
  }
}
