import { setTimeout as wait } from 'node:timers/promises'
import { Fault } from '../../src/domain/fault.ts'
import { fileBytes, sha256 } from '../support/files.ts'
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
  /** Most users connect, now and then leave and come back, and send one message after the other. */
  start(): void
  /** Resolves when the history has grown by so many events. */
  grown(events: number): Promise<void>
  /** The server was killed. Resolves when nobody talks any more, but those who wait for its return. */
  killed(): Promise<void>
  /**
   * Everybody comes and gets what waits. Each sends each a last message; a mailbox is first in, first out, so once the
   * receipt of that has come, everything before it has come, or is lost. Rejects when they do not come.
   */
  drain(): Promise<void>
  /** Nobody is left. */
  close(): Promise<void>
}

/** One user. */
export interface Participant {
  readonly name: string
  readonly factory: ActorFactory
  /** Sends files to others with files, and takes theirs. */
  readonly withFiles?: boolean
}

/** Who takes part. */
export interface LoadOptions {
  readonly server: ServerAddress
  readonly users: readonly Participant[]
  readonly random: Random
  /** The server may refuse for a while: they try again. Otherwise a refusal is an error. */
  readonly patient?: boolean
  /** Called after each event of the history. */
  readonly recorded?: () => void
}

/** How likely a user is there at the start of a life of the server, and leaves between two messages. */
const PRESENT = 0.75
const LEAVES = 0.03
/** How likely somebody with files says the next things with files. */
const WITH_FILES = 0.6
/** The longest file, in bytes: three pieces of the protocol. */
const MAX_FILE_BYTES = 40_000
/** The longest that somebody stays away, in milliseconds. */
const MAX_AWAY_MS = 100
/** How long somebody who was refused waits, in milliseconds. */
const PATIENCE_MS = 20
/** How long the last messages may take altogether. Not a promise: a test that waits for ever says nothing. */
const DRAIN_TIMEOUT_MS = 60_000

interface Talker {
  readonly actor: Actor
  /** To whom it sends files. */
  readonly takers: readonly string[]
  count: number
  /** The conversation under way. */
  talking: Promise<void> | undefined
}

/** Makes the users; nobody talks yet. */
export function createLoad({ server, users, random, patient = false, recorded }: LoadOptions): Load {
  const history: HistoryEvent[] = []
  let whenRecorded: () => void = () => {}
  let open = false
  let refusal: Error | undefined
  /** Messages of the last round whose receipts have not come. */
  const missing = new Set<number>()
  const talkers = users.map(({ name, factory, withFiles }): Talker => {
    const takers = withFiles === true ? others(name).filter((other) => other.withFiles === true) : []
    return {
      actor: factory(name, server, record),
      takers: takers.map((other) => other.name),
      count: 0,
      talking: undefined,
    }
  })
  const actors = new Map(talkers.map(({ actor }) => [actor.user, actor]))

  return {
    history,
    leniency: {
      mayRepeatAfterKill: (user, what) => actors.get(user)?.mayRepeatAfterKill[what] === true,
    },
    async register() {
      for (const { actor } of talkers) await actor.register()
    },
    start() {
      open = true
      for (const talker of talkers) if (random.chance(PRESENT)) begin(talker)
    },
    grown(events) {
      const enough = history.length + events
      return until(() => history.length >= enough)
    },
    async killed() {
      open = false
      await Promise.all(talkers.map(({ actor, talking }) => (actor.outlivesServer ? undefined : talking)))
      for (const { actor } of talkers) await actor.abandon()
      record({ kind: 'killed' })
    },
    drain: () => Promise.race([drain(), tooLong()]),
    async close() {
      open = false
      // Some end only when they are closed, and some may have opened something meanwhile.
      for (const { actor } of talkers) await actor.close()
      await Promise.all(talkers.map(({ talking }) => talking))
      for (const { actor } of talkers) await actor.close()
    },
  }

  function record(event: HistoryEvent): void {
    history.push(event)
    recorded?.()
    whenRecorded()
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        whenRecorded = resolve
      })
      if (refusal !== undefined) throw refusal
    }
  }

  function begin(talker: Talker): void {
    talker.talking ??= talk(talker).finally(() => {
      talker.talking = undefined
    })
  }

  /** One user's conversation, until it is stopped or the server is gone. */
  async function talk(talker: Talker): Promise<void> {
    const { actor } = talker
    while (open) {
      try {
        await actor.connect()
        while (open) {
          if (random.chance(LEAVES)) {
            await actor.disconnect()
            await wait(random.below(MAX_AWAY_MS))
            await actor.connect()
          }
          await sayMuch(talker)
        }
      } catch (error) {
        if (!(error instanceof Fault)) return // the server is gone
        if (!patient) {
          refusal ??= new Error(`${actor.user}: ${error.message}`, { cause: error })
          return
        }
        await wait(PATIENCE_MS)
        await actor.disconnect().catch(() => {}) // so that it can connect, whatever became of what it asked
      }
    }
  }

  /** All with files or all without: what is sent beside a file goes before it (docs/protocol.md, Rules, 5). */
  async function sayMuch(talker: Talker): Promise<void> {
    const { actor, takers } = talker
    const count = 1 + random.below(actor.sendsAtATime)
    const withFiles = takers.length > 0 && random.chance(WITH_FILES)
    const recipients = withFiles ? takers : others(actor.user).map(({ name }) => name)
    const sends = Array.from({ length: count }, () => say(talker, random.pick(recipients), withFiles))
    const failed = (await Promise.allSettled(sends)).find(({ status }) => status === 'rejected')
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
  }

  function others(user: string): readonly Participant[] {
    return users.filter(({ name }) => name !== user)
  }

  /** Sends a message that no other is like. */
  async function say(talker: Talker, recipient: string, withFile = false): Promise<number> {
    const { actor } = talker
    const number = talker.count++
    const text = `${actor.user} ${number}`
    const file = withFile ? fileOfMessage(text, number) : undefined
    const sum = file === undefined ? {} : { file: sha256(file) }
    record({ kind: 'sent', sender: actor.user, recipient, text, ...sum })
    const id = await actor.send(recipient, text, file).catch((error: unknown) => {
      if (error instanceof Fault) record({ kind: 'refused', text })
      throw error
    })
    record({ kind: 'acknowledged', text, id })
    return id
  }

  async function drain(): Promise<void> {
    open = false
    await Promise.all(talkers.map(({ talking }) => talking))
    for (const { actor } of talkers) await actor.connect()
    let looked = history.length
    for (const talker of talkers) {
      for (const { name } of others(talker.actor.user)) missing.add(await say(talker, name))
    }
    await until(() => {
      for (; looked < history.length; looked++) {
        const event = history[looked] as HistoryEvent
        if (event.kind === 'receipt') missing.delete(event.id)
      }
      return missing.size === 0
    })
  }

  /** What is known of a message. */
  function told(id: number): string {
    const { text } = history.find((event) => event.kind === 'acknowledged' && event.id === id) as {
      text: string
    }
    const shown = history.filter((event) => event.kind === 'shown' && event.text === text).length
    return `${id} "${text}" (shown ${shown} times)`
  }

  async function tooLong(): Promise<never> {
    await wait(DRAIN_TIMEOUT_MS, undefined, { ref: false })
    throw new Error(
      `not drained after ${DRAIN_TIMEOUT_MS / 1000} s: no receipts of ${[...missing].map(told).join(', ')}`,
    )
  }
}

/** A file that no other is like, save an empty one: of no piece of the protocol, of one, of several. */
function fileOfMessage(text: string, number: number): Buffer {
  const seed = Number.parseInt(sha256(Buffer.from(text)).slice(0, 7), 16)
  return fileBytes((number * 7_919) % MAX_FILE_BYTES, seed)
}
