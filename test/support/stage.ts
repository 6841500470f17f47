import type { Backend } from '../../src/domain/backend.ts'
import type { Observer } from '../../src/domain/observer.ts'
import type { MailboxLimits } from '../../src/domain/store.ts'
import type { Actor } from './actor.ts'
import { BACKENDS, type BackendUnderTest } from './backends.ts'
import { createLegacyActor, type LegacyActor } from './legacy-actor.ts'
import { openServer } from './server.ts'
import { createSessionActor } from './session-actor.ts'
import { removeTempFolders } from './temp-folder.ts'

/** What a play may want otherwise. */
export interface StageOptions {
  readonly limits?: MailboxLimits
  readonly observer?: Observer
  readonly requestTimeoutMs?: number
  /** How long a dialled client may take to read. */
  readonly readMs?: number
  /** For how long after CONNECT a refused dial is tried again. */
  readonly retryMs?: number
}

/** A server over a backend of its own, in this process. */
export interface Stage {
  readonly port: number
  readonly backend: Backend
  /** Ends sessions and connections, and closes the backend. */
  close(): Promise<void>
}

/** Opens a server over a backend. */
export async function openStage(tested: BackendUnderTest, options: StageOptions = {}): Promise<Stage> {
  const { limits, readMs = 5000, retryMs = 300, ...rest } = options
  const backend = await tested.open(limits, options.observer)
  const server = await openServer({ ...rest, backend, window: 8, patience: { retryMs, readMs } })
  return {
    port: server.port,
    backend,
    async close() {
      await server.close(0)
      await backend.close()
    },
  }
}

/** The protocols, by the actors who speak them. */
const PROTOCOLS: readonly { name: string; createActor(name: string, port: number): Actor }[] = [
  { name: 'legacy', createActor: createLegacyActor },
  { name: 'session', createActor: createSessionActor },
]

/** A stage while a play is on. `cast` makes actors; with `onstage` they are registered and connected. */
export interface Play<A extends Actor> extends Stage {
  cast(name: string): A
  onstage(...names: readonly string[]): Promise<A[]>
}

type Script<A extends Actor> = (play: Play<A>) => Promise<void>

/** A play for every protocol over every backend. */
export function play(title: string, script: Script<Actor>, options?: StageOptions): void {
  for (const { name, createActor } of PROTOCOLS) perform(`${title} (${name}`, createActor, script, options)
}

/** A play that only the original protocol has, over every backend. */
export function legacyPlay(title: string, script: Script<LegacyActor>, options?: StageOptions): void {
  perform(`${title} (legacy`, createLegacyActor, script, options)
}

function perform<A extends Actor>(
  title: string,
  createActor: (name: string, port: number) => A,
  script: Script<A>,
  options: StageOptions = {},
): void {
  for (const backend of BACKENDS) {
    test(`${title}, ${backend.name})`, async () => {
      const stage = await openStage(backend, options)
      const actors: A[] = []
      const cast = (name: string): A => {
        const actor = createActor(name, stage.port)
        actors.push(actor)
        return actor
      }
      try {
        await script({
          ...stage,
          cast,
          async onstage(...names) {
            const present = names.map(cast)
            for (const actor of present) await actor.registers()
            for (const actor of present) await actor.connects()
            return present
          },
        })
      } finally {
        for (const actor of actors) await actor.leaves()
        await stage.close()
        await removeTempFolders()
      }
    })
  }
}
