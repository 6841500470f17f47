import { clearScreenDown, createInterface, cursorTo, moveCursor } from 'node:readline'
import { Writable } from 'node:stream'
import type { ClientIo, ClientOptions } from './client-options.ts'
import { isCommand } from './command-line.ts'
import { createCompletion } from './completion.ts'
import { createConversation } from './conversation.ts'
import { EXIT_CODES, type ExitCode } from './exit-code.ts'
import { HISTORY_LINES, openHistory } from './history.ts'

const PROMPT = 'c> '

/** The conversation at a terminal, with a prompt. Resolves when the person leaves, or `stop` says so. */
export async function runShell(options: ClientOptions, io: ClientIo, stop: AbortSignal): Promise<ExitCode> {
  const { stdin, stdout } = io
  const history = openHistory(options.historyFile)
  const completion = createCompletion()
  for (const line of history.lines) completion.sawLine(line)
  /** The question that is open, and who waits for its answer. */
  let asking: { readonly question: string; answer(text?: string): void } | undefined
  const echo = createEcho(stdout, () => asking === undefined)
  const prompt = createInterface({
    input: stdin,
    output: echo,
    prompt: PROMPT,
    terminal: true,
    history: history.lines.toReversed(),
    historySize: HISTORY_LINES,
    completer: (line: string) => (asking === undefined ? completion.complete(line) : [[], line]),
  })
  const screen = { print, hint: print }
  const style = { json: options.json, raw: false, color: options.color }
  const sawName = completion.saw
  const conversation = createConversation(options, { screen, style, sawName, ask, typing: true })
  const drawn: typeof prompt & { prevRows?: number } = prompt
  let open = true
  /** A line is carried out; those that were typed meanwhile. */
  let running = false
  const typedAhead: string[] = []
  /** What the arrow keys bring back, the newest first: readline's own. */
  let recalled: string[] = []
  let askedToLeave = false

  const closed = new Promise<void>((resolve) => {
    prompt.once('close', () => {
      open = false
      asking?.answer()
      if (prompt.getPrompt() === PROMPT) stdout.write('\n') // the last words get a line of their own
      resolve()
    })
  })
  // What is typed while a secret is asked for goes nowhere but to who asked. So may what is typed ahead.
  prompt.on('history', (lines) => {
    recalled = lines
    if (asking !== undefined || running) lines.shift()
  })
  prompt.on('line', (line) => {
    if (asking !== undefined) {
      asking.answer(line)
      return
    }
    askedToLeave = false
    if (running) {
      takeBack(line)
      typedAhead.push(line)
      return
    }
    running = true
    prompt.setPrompt('') // until the reply is there, what is typed ahead stands without one
    carryOut(line).catch(close)
  })
  // What is pasted readline writes without counting the rows, by which it finds the line again to draw it anew.
  stdin.on('keypress', () => {
    const { rows, cols } = prompt.getCursorPos()
    if (rows === (drawn.prevRows ?? 0)) return
    if (cols === 0) echo.write(' \r') // a terminal goes to the next row only when something comes there
    drawn.prevRows = rows
  })
  prompt.on('SIGINT', () => {
    if (asking !== undefined) {
      clearLine()
      asking.answer()
      return
    }
    if (askedToLeave && prompt.line === '') {
      close()
      return
    }
    askedToLeave = true
    clearLine()
    print('(Ctrl-C again leaves)').catch(close)
  })
  // An error of either stream: the terminal is gone.
  for (const stream of [stdin, stdout]) stream.on('error', close)
  stop.addEventListener('abort', close, { once: true })

  if (history.failure !== undefined) await print(history.failure)
  prompt.prompt()
  await closed
  await conversation.leave()
  await conversation.finish().catch(() => {}) // nobody reads it where the terminal is gone
  return EXIT_CODES.done

  function close(): void {
    prompt.close()
  }

  function clearLine(): void {
    prompt.write(null, { ctrl: true, name: 'e' })
    prompt.write(null, { ctrl: true, name: 'u' })
  }

  /** A line that was typed while another runs is not shown before its turn, so that its reply stands under it. */
  function takeBack(line: string): void {
    const typed = prompt.getPrompt()
    prompt.setPrompt(`${typed}${line}`)
    const { rows } = prompt.getCursorPos()
    prompt.setPrompt(typed)
    moveCursor(echo, 0, -rows - 1)
    clearScreenDown(echo)
  }

  /** Carries out a line, and those that are typed meanwhile. */
  async function carryOut(first: string): Promise<void> {
    remember(first)
    let { leave } = await conversation.execute(first)
    for (let next = typedAhead.shift(); open && !leave && next !== undefined; next = typedAhead.shift()) {
      if (recalled[0] !== next && next.trim() !== '') recalled.unshift(next)
      remember(next)
      await print(`${PROMPT}${next}`)
      leave = (await conversation.execute(next)).leave
    }
    running = false
    if (!open) return
    if (leave) {
      close()
      return
    }
    prompt.setPrompt(PROMPT)
    prompt.prompt(true)
  }

  /** Keeps a line for the next run, once it is clear that it answers no question. What is no command may be a secret all the same. */
  function remember(line: string): void {
    if (isCommand(line)) history.add(line)
    completion.sawLine(line)
  }

  /** Writes above the line that is being typed: clears it, however many rows it has, writes, and draws it again as it was. */
  async function print(text: string): Promise<void> {
    if (!open) {
      await write(`${text}\n`)
      return
    }
    if (asking !== undefined) {
      cursorTo(stdout, 0)
      clearScreenDown(stdout)
      await write(`${text}\n${asking.question}`)
      return
    }
    const { rows } = prompt.getCursorPos()
    moveCursor(stdout, 0, -rows)
    cursorTo(stdout, 0)
    clearScreenDown(stdout)
    // readline goes up again by the rows it last drew: they are put there for it.
    const written = write(`${text}\n${'\n'.repeat(rows)}`)
    prompt.prompt(true)
    await written
  }

  /** Asks for a secret: nothing of what is typed is shown or kept. Undefined: the person gave up. */
  async function ask(question: string): Promise<string | undefined> {
    if (!open) return undefined
    // Somebody who knew what would be asked has not waited for it.
    const typed = typedAhead.shift()
    if (typed !== undefined) {
      await print(question)
      return typed
    }
    return new Promise((resolve) => {
      // A line that was begun and not ended is no part of the answer.
      const { line } = prompt
      clearLine()
      asking = {
        question,
        answer(text) {
          asking = undefined
          stdout.write('\n')
          if (open) prompt.write(line)
          resolve(text)
        },
      }
      stdout.write(question)
    })
  }

  function write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      stdout.write(text, (error) => (error ? reject(error) : resolve()))
    })
  }
}

/** The terminal as readline sees it: what it echoes is dropped while nothing may be shown. */
function createEcho(stdout: NodeJS.WriteStream, shows: () => boolean): Writable {
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (shows()) stdout.write(chunk)
      done()
    },
  })
  Object.defineProperty(echo, 'columns', { get: () => stdout.columns })
  stdout.on('resize', () => echo.emit('resize'))
  return echo
}
