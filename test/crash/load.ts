import { Fault } from '../../src/domain/fault.ts'
import type { Actor, ActorFactory, ServerAddress } from './actor.ts'
import type { CheckOptions, HistoryEvent } from './history.ts'
import type { Random } from './random.ts'

/** Users who talk to each other, whatever happens to their server, and the history of it. */
export interface Load {
  readonly history: readonly HistoryEvent[]
  /** What these users' programs may do that ours may not. */
  readonly leniency: CheckOptions
  /** Every user has an account. */
  register(): Promise<void>
  /** Most users connect, now and then leave and come back, and send one message after the other. Resolves once they have begun. */
  start(): Promise<void>
  /** Resolves when the history has grown by so many events. */
  grown(events: number): Promise<void>
  /** The server was killed. Resolves when nobody talks any more. */
  killed(): Promise<void>
  /** They finish what they are at and say no more. */
  pause(): Promise<void>
  /**
   * Everybody comes and gets what waits. Each sends each a last message; a mailbox is first in, first out, so once the
   * receipt of that has come, everything before it has come, or is lost. Rejects when they do not come.
   */
  drain(): Promise<void>
  /** Nobody is left. */
  close(): Promise<void>
}

/** Who takes part. */
export interface LoadOptions {
  readonly server: ServerAddress
  readonly users: readonly { readonly name: string; readonly factory: ActorFactory }[]
  readonly random: Random
}

/** How likely a user is there at all in one life of the server, and leaves and comes back between two messages. */
const PRESENT = 0.75
const LEAVES = 0.03
/** How long the last messages may take altogether. Not a promise: a test that waits for ever says nothing. */
const DRAIN_TIMEOUT_MS = 60_000

interface Unanswered {
  readonly recipient: string
  readonly text: string
}

interface Talker {
  readonly actor: Actor
  /** Asked again, in order, before anything new. */
  unanswered: Unanswered[]
  count: number
}

/** Makes the users; nobody talks yet. */
export function createLoad({ server, users, random }: LoadOptions): Load {
  const history: HistoryEvent[] = []
  let whenGrown: (() => void) | undefined
  let talking = false
  let conversations: Promise<void>[] = []
  const talkers = users.map(
    ({ name, factory }): Talker => ({
      actor: factory(name, server, record),
      unanswered: [],
      count: 0,
    }),
  )
  const actors = new Map(talkers.map(({ actor }) => [actor.user, actor]))

  return {
    history,
    leniency: {
      mayRepeatAfterKill: (user, what) => actors.get(user)?.mayRepeatAfterKill[what] === true,
    },
    async register() {
      for (const { actor } of talkers) await actor.register()
    },
    async start() {
      talking = true
      const present = talkers.filter(() => random.chance(PRESENT))
      conversations = present.map(talk)
    },
    grown(events) {
      const enough = history.length + events
      return new Promise((resolve) => {
        whenGrown = () => {
          if (history.length < enough) return
          whenGrown = undefined
          resolve()
        }
      })
    },
    async killed() {
      await this.pause()
      for (const { actor } of talkers) await actor.abandon()
      record({ kind: 'killed' })
    },
    async pause() {
      talking = false
      await Promise.all(conversations)
    },
    drain,
    async close() {
      await this.pause()
      for (const { actor } of talkers) await actor.close()
    },
  }

  function record(event: HistoryEvent): void {
    history.push(event)
    whenGrown?.()
  }

  /** One user's life while the server lives. A refusal may have its reason (the server could not reach us): it connects again. */
  async function talk(talker: Talker): Promise<void> {
    const { actor } = talker
    try {
      await actor.connect()
      while (talking) {
        if (random.chance(LEAVES)) {
          await actor.disconnect()
          await actor.connect()
        }
        await say(talker, others(actor))
      }
    } catch (error) {
      if (error instanceof Fault)
        throw new Error(`${actor.user} was refused: ${error.message}`, { cause: error })
      // No answer: the server is gone.
    }
  }

  function others({ user }: Actor): string {
    return random.pick(talkers.filter(({ actor }) => actor.user !== user)).actor.user
  }

  /** Sends what is unanswered, or something new. Texts are unique, and so serve as refs. */
  async function say(talker: Talker, recipient: string): Promise<void> {
    const { actor } = talker
    const message = talker.unanswered[0] ?? { recipient, text: `${actor.user} ${talker.count++}` }
    if (actor.idempotent) talker.unanswered = [message]
    record({ kind: 'sent', sender: actor.user, ...message })
    const id = await actor.send(message.recipient, message.text, message.text)
    record({ kind: 'acknowledged', text: message.text, id })
    talker.unanswered = []
  }

  async function drain(): Promise<void> {
    const missing = new Set<number>()
    const timeout = AbortSignal.timeout(DRAIN_TIMEOUT_MS)
    const seen = history.length
    for (const talker of talkers) await talker.actor.connect()
    for (const talker of talkers) {
      while (talker.unanswered.length > 0) await say(talker, '')
      for (const { actor } of talkers) if (actor !== talker.actor) await say(talker, actor.user)
    }
    for (const event of history.slice(seen)) if (event.kind === 'acknowledged') missing.add(event.id)
    for (let looked = seen; ; ) {
      for (; looked < history.length; looked++) {
        const event = history[looked] as HistoryEvent
        if (event.kind === 'receipt') missing.delete(event.id)
      }
      if (missing.size === 0) return
      await Promise.race([
        new Promise<void>((resolve) => {
          whenGrown = resolve
        }),
        new Promise((_, reject) =>
          timeout.addEventListener('abort', () => reject(new Error(`no receipt of ${[...missing]}`))),
        ),
      ])
    }
  }
}
