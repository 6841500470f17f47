import { createScramClient } from './scram.ts'
import type { SessionConnection } from './session-connection.ts'

/** AUTH, both halves (wire-protocol 2). Rejects with the server's `Fault`, or `UnprovenServer` when it does not know the user's verifier itself. */
export async function logIn(connection: SessionConnection, user: string, secret: string): Promise<void> {
  const scram = createScramClient({ user, secret })
  const ref = connection.nextRef()
  const serverFirst = await connection.request('AUTH', [scram.clientFirst], { ref })
  const final = await scram.final(serverFirst)
  scram.verify(await connection.request('AUTH', [final], { ref }))
}
