import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { ServerAddress } from './actor.ts'
import { createFileActor } from './file-actor.ts'
import { createLegacyClientActor, createOriginalActor } from './legacy-actors.ts'
import type { LoadOptions } from './load.ts'
import { createSessionActor } from './session-actor.ts'

const PROGRAMS = {
  original: createOriginalActor,
  client: createLegacyClientActor,
  session: createSessionActor,
}

/** Nine users: three of each program. */
export const USERS: LoadOptions['users'] = Object.entries(PROGRAMS).flatMap(([program, factory]) =>
  [1, 2, 3].map((number) => ({ name: `${program}-${number}`, factory })),
)

/** Three users who send each other files too. */
export const FILE_USERS: LoadOptions['users'] = [1, 2, 3].map((number) => {
  return { name: `file-${number}`, factory: createFileActor, withFiles: true }
})

/** An address on a free port below those that the system gives to connections that leave: it stays free while the server is dead. */
export async function stableAddress(): Promise<ServerAddress> {
  const host = '127.0.0.1'
  for (let port = 20_000 + randomInt(10_000); ; port++) {
    const probe = createServer()
    probe.listen({ port, host })
    try {
      await once(probe, 'listening')
    } catch {
      continue
    }
    probe.close()
    await once(probe, 'close')
    return { host, port }
  }
}
