import { setTimeout as pause } from 'node:timers/promises'
import type { ClientState, Incoming } from '../client/client.ts'
import { unlessAborted } from '../client/unless-aborted.ts'
import type { ClientOptions } from './client-options.ts'
import { parseLine } from './command-line.ts'
import type { Command, Typed } from './commands.ts'
import { EXIT_CODES, type ExitCode, explain } from './exit-code.ts'
import { createFiles } from './files.ts'
import { createLink } from './link.ts'
import { createOutput, type OutputStyle, type Screen } from './output.ts'
import type { Ask } from './passwords.ts'
import type { Server } from './server.ts'
import { createTexts } from './texts.ts'

/** What a line came to. */
export interface Outcome {
  readonly exit: ExitCode
  /** True after QUIT. */
  readonly leave: boolean
}

/** Commands in, words out: what the prompt, scripts and verbs share. */
export interface Conversation {
  /** Carries out one line and prints what came of it. Rejects only if it cannot print. */
  execute(line: string): Promise<Outcome>
  /** Carries out one command; with `quiet` what is printed is failure alone. */
  run(command: Command, typed: Typed, how?: { readonly quiet: boolean }): Promise<Outcome>
  /** Resolves when the files that have come so far are saved, or have failed. */
  saved(): Promise<void>
  /** Disconnects whoever is connected, so that a later CONNECT is not told that the user is there already, and lets go of everything. What waited for the server is refused. */
  leave(): Promise<void>
  /** Prints the last words. */
  finish(): Promise<void>
}

/** Where a conversation prints, how, and who takes part. */
export interface ConversationParts {
  readonly screen: Screen
  readonly style: OutputStyle
  /** Asks whoever is there for a secret; without it nobody is there. */
  readonly ask?: Ask
  /** Somebody types: a SEND that waits for the server does not hold up the next line. */
  readonly typing?: boolean
  /** Hears of the names that come up. */
  readonly sawName?: (name: string) => void
  /** False: who connects only sends and asks, and a session that the user has elsewhere goes on. */
  readonly present?: boolean
  /** Is an item wanted; otherwise it stays on the server, with all that follow it. */
  readonly wants?: () => boolean
  /** Hears of each item that was printed. */
  readonly printed?: (item: Incoming) => void
  /** Hears that the session ended although nobody here wanted that. */
  readonly ended?: (exit: ExitCode) => void
}

/** How long an incoming item waits for the reply of the command that runs, so that the reply is read first. Not longer: a server may wait for the item's confirmation before it replies. */
const REPLY_FIRST_MS = 250
/** So long is waited for the reply to what may take long, before the next line is. */
const TYPING_MS = 250
/** How long leaving may take when the server does not answer. */
const LEAVE_MS = 2_000
const GOES_ON: Outcome = { exit: EXIT_CODES.done, leave: false }

/** Begins a conversation. Nothing is opened before a line asks for it. */
export function createConversation(options: ClientOptions, parts: ConversationParts): Conversation {
  const output = createOutput(parts.style, parts.screen)
  const link = createLink()
  const texts = createTexts(options, link)
  const files = createFiles(options.downloadsFolder, output)
  const running = new Set<Promise<Outcome>>()
  /** Ends the waiting of what is not wanted and so is not taken. */
  const untaken = new AbortController()
  let replying: Promise<unknown> | undefined
  let left: Promise<void> | undefined
  let server: Promise<Server> | undefined

  return {
    async execute(line) {
      const parsed = parseLine(line)
      if (parsed.kind === 'blank') return GOES_ON
      if (parsed.kind === 'command') return run(parsed.command, parsed)
      await output.failure({ command: parsed.command, words: parsed.words, code: 'usage' })
      return { exit: EXIT_CODES.usage, leave: false }
    },
    run,
    saved: () => files.settled(),
    leave() {
      left ??= leave()
      return left
    },
    finish: () => output.reply({ command: 'QUIT', words: '+++ FINISHED +++' }),
  }

  async function run(command: Command, typed: Typed, how = { quiet: false }): Promise<Outcome> {
    const outcome = perform(command, typed, how)
    running.add(outcome)
    const over = () => running.delete(outcome)
    outcome.then(over, over)
    if (command.repliesFirst) replying = outcome
    try {
      if (!command.waits || !parts.typing) return await outcome
      // Its words come when the server is back.
      const longer = [link.lost(), ...(command.long ? [pause(TYPING_MS)] : [])]
      return await Promise.race([outcome, ...longer.map((it) => it.then(() => GOES_ON))])
    } finally {
      replying = undefined
    }
  }

  async function perform(command: Command, typed: Typed, { quiet }: { quiet: boolean }): Promise<Outcome> {
    const { client, accounts } = await reach()
    const { protocol } = options
    const { present = true } = parts
    const context = { client, accounts, trim: texts.trim, protocol, present }
    const answer = await command.run(context, typed).catch(explain)
    if ('exit' in answer) {
      const { exit, hint, ...why } = answer
      const words = Object.entries(command.refusals).find(([code]) => code === why.code)?.[1]
      // Words of their own say it all, or nearly; the others need the reason.
      const said =
        words === undefined
          ? { words: command.otherwise, hint }
          : { words, hint: command.advice?.(context, typed, why.code) }
      await output.failure({ command: command.name, ...said, ...why })
      return { exit, leave: false }
    }
    if ('leave' in answer) return { exit: EXIT_CODES.done, leave: true }
    if ('help' in answer) await output.help(answer.help)
    else if (!quiet) await output.reply({ command: command.name, ...answer })
    if ('users' in answer) for (const { name } of answer.users ?? []) parts.sawName?.(name)
    return GOES_ON
  }

  /** Loaded when first needed, like the SOAP client: nothing stands before the prompt. */
  function reach(): Promise<Server> {
    server ??= import('./server.ts').then(async ({ createServer }) => {
      const created = createServer(options, { receive, onState: changed, ask: parts.ask })
      if (created.complaint !== undefined) await output.note(created.complaint)
      return created
    })
    return server
  }

  function changed(change: ClientState): void {
    link.changed(change)
    // What comes of leaving needs no words; and where nobody reads them, what prints next finds that out, too.
    if (left === undefined) output.state(change).catch(() => {})
    if (change.state === 'ended') parts.ended?.(explain(change.reason).exit)
  }

  async function receive(item: Incoming): Promise<void> {
    if (parts.wants?.() === false) return unlessAborted(new Promise(() => {}), untaken.signal)
    if (item.kind === 'message') parts.sawName?.(item.sender)
    if (replying !== undefined) await atMost(REPLY_FIRST_MS, replying)
    // A message that was shown before comes for its file.
    const again = item.kind === 'message' && item.again === true
    if (!again) await output.incoming(item)
    if (item.kind === 'message' && item.attachment !== undefined) files.take(item)
    if (!again) parts.printed?.(item)
  }

  async function leave(): Promise<void> {
    link.end()
    // COMPAT: a push of the original protocol that is not taken is cut off; until then its listener cannot close.
    if (options.protocol === 'legacy') untaken.abort()
    const { client } = (await server?.catch(() => undefined)) ?? {}
    if (client === undefined) return
    // What is about to be safe need not come again.
    await atMost(LEAVE_MS, files.settled())
    files.stop()
    const { user } = client
    if (user !== undefined) await atMost(LEAVE_MS, client.disconnect(user))
    await atMost(LEAVE_MS, client.close())
    await atMost(LEAVE_MS, Promise.allSettled(running))
    texts.close()
  }
}

/** Waits until the work is done or has failed, or the time is over. */
async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work.catch(() => {}), over])
  clearTimeout(timer)
}
