import { createScramClient } from '../../src/client/scram.ts'
import { fromByteString, toByteString } from '../../src/domain/byte-string.ts'
import type { SessionPeer } from './session-peer.ts'

/** AUTH on a test's connection: the whole exchange, up to the first refusal. Resolves to the last reply, whose signature is checked. */
export async function login(
  peer: SessionPeer,
  user: string,
  secret: string,
  ref = 'auth',
): Promise<readonly string[]> {
  const client = createScramClient({ user, secret })
  const first = await exchange(fromByteString(client.clientFirst))
  if (first[0] !== 'OK') return first
  const last = await exchange(fromByteString(await client.final(toByteString(first[1] ?? ''))))
  if (last[0] === 'OK') client.verify(toByteString(last[1] ?? ''))
  return last

  function exchange(message: string): Promise<readonly string[]> {
    peer.send(['AUTH', ref, message])
    return peer.reply(ref)
  }
}
