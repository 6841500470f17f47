import type { ClientIo, ClientOptions } from './client-options.ts'
import { type Conversation, createConversation } from './conversation.ts'
import { EXIT_CODES, type ExitCode } from './exit-code.ts'
import { createPipes } from './pipes.ts'

/**
 * The conversation without a terminal: one command a line from standard input, in order, plain lines out, hints on
 * standard error. Every line runs; the first failure decides the exit code. Ends with the input, with QUIT, when
 * nobody reads the output any more, or when `stop` says so.
 */
export async function runScript(options: ClientOptions, io: ClientIo, stop: AbortSignal): Promise<ExitCode> {
  let ended = false
  const end = () => {
    ended = true
    io.stdin.destroy()
    // At once: a SEND may wait for a server that is away.
    void conversation.leave()
  }
  const conversation: Conversation = createConversation(options, createPipes(options, io, end))
  stop.addEventListener('abort', end, { once: true })
  let first: ExitCode = EXIT_CODES.done
  let quit = false

  try {
    for await (const line of linesOf(io.stdin)) {
      if (ended) break
      const { exit, leave } = await conversation.execute(line)
      if (first === EXIT_CODES.done) first = exit
      if (leave) {
        quit = true
        break
      }
    }
  } catch (error) {
    if (!ended) throw error
  }
  await conversation.leave()
  if (quit) await conversation.finish()
  return first
}

/** The lines of a stream, each ended by LF or CRLF. Not node:readline's: it also ends lines at CR and U+2028, and what follows would be a command. */
async function* linesOf(input: NodeJS.ReadStream): AsyncGenerator<string> {
  let rest = ''
  input.setEncoding('utf8')
  for await (const chunk of input) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.replace(/\r$/, '')
  }
  if (rest !== '') yield rest
}
