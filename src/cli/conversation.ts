import type { Client } from '../client/client.ts'
import { createLegacyClient } from '../client/legacy-client.ts'
import type { ClientOptions } from './client-options.ts'
import { type ParsedLine, parseLine } from './commands.ts'
import { EXIT_CODES, type ExitCode, explain } from './exit-code.ts'
import { createOutput, type OutputStyle, type Screen } from './output.ts'
import type { Trimmer } from './trim.ts'

/** What a line came to. */
export interface Outcome {
  readonly exit: ExitCode
  /** True after QUIT. */
  readonly leave: boolean
}

/** Lines in, words out: what the prompt and a script share. */
export interface Conversation {
  /** Carries out one line and prints what came of it. Rejects only if it cannot print. */
  execute(line: string): Promise<Outcome>
  /** Disconnects whoever is connected, so that a later CONNECT is not told that the user is there already, and lets go of everything. */
  leave(): Promise<void>
  /** Prints the last words. */
  finish(): Promise<void>
}

/** Where a conversation prints, how, and who hears of the names that come up. */
export interface ConversationParts {
  readonly screen: Screen
  readonly style: OutputStyle
  readonly sawName?: (name: string) => void
}

/** How long an incoming item waits for the reply of the command that runs, so that the reply is read first. Not longer: a server may wait for the item's confirmation before it replies. */
const REPLY_FIRST_MS = 250
/** How long leaving may take when the server does not answer. */
const LEAVE_MS = 2_000

/** Begins a conversation. Nothing is opened before a line asks for it. */
export function createConversation(options: ClientOptions, parts: ConversationParts): Conversation {
  const output = createOutput(parts.style, parts.screen)
  const server = { host: options.server, port: options.port, timeoutMs: options.timeoutMs }
  let trimmer: Promise<Trimmer> | undefined
  let replying: Promise<unknown> | undefined

  const client: Client = createLegacyClient(server, async (item) => {
    if (item.kind === 'message') parts.sawName?.(item.sender)
    if (replying !== undefined) await atMost(REPLY_FIRST_MS, replying)
    await output.incoming(item)
  })

  return {
    async execute(line) {
      const parsed = parseLine(line)
      const outcome = run(parsed)
      if (parsed.kind === 'command' && parsed.command.repliesFirst) replying = outcome
      try {
        return await outcome
      } finally {
        replying = undefined
      }
    },
    async leave() {
      const { user } = client
      if (user !== undefined) await atMost(LEAVE_MS, client.disconnect(user))
      await atMost(LEAVE_MS, client.close())
      void trimmer?.then((opened) => opened.close())
    },
    finish: () => output.reply({ command: 'QUIT', words: '+++ FINISHED +++' }),
  }

  async function run(parsed: ParsedLine): Promise<Outcome> {
    if (parsed.kind === 'blank') return { exit: EXIT_CODES.done, leave: false }
    if (parsed.kind === 'mistake') {
      await output.failure({ command: parsed.command, words: parsed.words, code: 'usage' })
      return { exit: EXIT_CODES.usage, leave: false }
    }
    const { command, fields } = parsed
    const answer = await command.run({ client, trim }, fields).catch(explain)
    if ('exit' in answer) {
      const { exit, hint, ...why } = answer
      const words = Object.entries(command.refusals).find(([code]) => code === why.code)?.[1]
      // Words of their own say it all; the others need the reason.
      const said = words === undefined ? { words: command.otherwise, hint } : { words }
      await output.failure({ command: command.name, ...said, ...why })
      return { exit, leave: false }
    }
    if ('leave' in answer) return { exit: EXIT_CODES.done, leave: true }
    if ('help' in answer) await output.help(answer.help)
    else await output.reply({ command: command.name, ...answer })
    return { exit: EXIT_CODES.done, leave: false }
  }

  async function trim(text: string): Promise<string> {
    if (!options.trim) return text
    // Loaded when first needed: the SOAP client costs more time than everything before the prompt.
    trimmer ??= import('./trim.ts').then(({ createTrimmer }) => createTrimmer(options))
    return (await trimmer).trim(text)
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
