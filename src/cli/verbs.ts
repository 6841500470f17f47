import { setImmediate as nextTurn } from 'node:timers/promises'
import { askSecret } from './ask-secret.ts'
import type { ClientIo, ClientOptions, Verb } from './client-options.ts'
import { COMMANDS, type Command } from './commands.ts'
import { type Conversation, createConversation } from './conversation.ts'
import { EXIT_CODES, type ExitCode } from './exit-code.ts'
import { createOutput } from './output.ts'
import { createPipes } from './pipes.ts'

/** The longest message that is read from standard input, in bytes: beyond any sensible server's limit, and yet a limit. */
const MAX_INPUT_BYTES = 16 * 1024 * 1024

/**
 * Carries out one verb as a user: connects, does it, disconnects. To send and to ask who is there a user with a secret need not
 * be present, so that works while a prompt is open. What waits for the user stays on the server, unless the verb is `listen`. Ends early when `stop` says so, and when nobody reads the output any more.
 */
export async function runVerb(
  options: ClientOptions,
  verb: Verb,
  io: ClientIo,
  stop: AbortSignal,
): Promise<ExitCode> {
  let wanted = verb.name === 'listen' ? (verb.count ?? Number.POSITIVE_INFINITY) : 0
  let finish: (exit: ExitCode) => void = () => {}
  const finished = new Promise<ExitCode>((resolve) => {
    finish = resolve
  })
  const end = () => {
    finish(EXIT_CODES.done)
    io.stdin.destroy()
    void conversation.leave()
  }
  const { screen, style } = createPipes(options, io, end)
  const conversation: Conversation = createConversation(options, {
    screen,
    style,
    ...(io.stdin.isTTY ? { ask: (question) => askSecret(io, question) } : {}),
    present: verb.name === 'listen',
    wants: () => wanted > 0,
    printed(item) {
      if (item.kind !== 'message') return
      wanted -= 1
      // Once it counts as taken, so that leaving confirms it.
      // And once its file is safe, so that it need not come again.
      if (wanted === 0)
        void nextTurn()
          .then(() => conversation.saved())
          .then(() => finish(EXIT_CODES.done))
    },
    ended: finish,
  })
  stop.addEventListener('abort', end, { once: true })

  const work = carryOut()
  work.catch(() => {}) // after an early end nobody waits for it
  try {
    return await Promise.race([work, finished])
  } finally {
    await conversation.leave()
  }

  async function carryOut(): Promise<ExitCode> {
    // A program's output may take its time; nobody is connected meanwhile.
    const text = 'text' in verb ? (verb.text ?? (await readAll(io.stdin))) : ''
    if (text instanceof Error) return refuse(text.message)
    const { exit } = await conversation.run(CONNECT, { fields: [verb.as], option: false }, { quiet: true })
    if (exit !== EXIT_CODES.done || verb.name === 'listen') return exit === EXIT_CODES.done ? finished : exit
    const [command, fields] = commandOf(verb, text)
    return (await conversation.run(command, { fields, option: false })).exit
  }

  async function refuse(hint: string): Promise<ExitCode> {
    const { name, otherwise } = verb.name === 'sendattach' ? SENDATTACH : SEND
    const failure = { command: name, words: otherwise, code: 'invalid-request', hint }
    await createOutput(style, screen).failure(failure)
    return EXIT_CODES.refused
  }
}

const [CONNECT, SEND, SENDATTACH, USERS] = ['CONNECT', 'SEND', 'SENDATTACH', 'USERS'].map((name) =>
  COMMANDS.find((command) => command.name === name),
) as [Command, Command, Command, Command]

/** The command that a verb is, with its fields. */
function commandOf(verb: Exclude<Verb, { name: 'listen' }>, text: string): [Command, string[]] {
  if (verb.name === 'users') return [USERS, [verb.prefix]]
  if (verb.name === 'send') return [SEND, [verb.to, text]]
  return [SENDATTACH, [verb.to, verb.file, text]]
}

/** The whole input as one message, without the newline that ends its last line; or what is wrong with it. */
async function readAll(input: NodeJS.ReadStream): Promise<string | Error> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of input) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_INPUT_BYTES) return new Error(`a message has at most ${MAX_INPUT_BYTES} bytes`)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
    return text.replace(/\r?\n$/, '')
  } catch {
    return new Error('standard input is not UTF-8')
  }
}
