import type { PresenceOptions } from './client.ts'
import { SessionConnection, type SessionListener } from './session-connection.ts'
import type { SessionServer } from './session-dial.ts'
import { nameField } from './session-fields.ts'
import { logIn } from './session-login.ts'
import { unlessAborted } from './unless-aborted.ts'

/** For a connection on which nothing is sent and nothing taken. */
const NOBODY: SessionListener = { answered() {}, message() {}, receipt() {}, closed() {} }

/** Removes a user on a connection of its own: a client's is the one that somebody is connected on. Rejects as `Client.unregister` does. */
export async function unregisterApart(
  server: SessionServer,
  user: string,
  { secret, signal }: Pick<PresenceOptions, 'secret'> & { readonly signal: AbortSignal },
): Promise<void> {
  const name = nameField(user)
  const connection = await SessionConnection.open(server, NOBODY, signal)
  try {
    const proof: Promise<unknown> =
      secret === undefined
        ? connection.request('CONNECT', [name, 'takeover'])
        : logIn(connection, user, secret)
    await unlessAborted(proof, signal)
    await unlessAborted(connection.request('UNREGISTER'), signal)
  } finally {
    connection.end()
  }
}
