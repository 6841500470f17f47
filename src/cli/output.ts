import type { ClientState, Incoming, IncomingMessage, UserPresence } from '../client/client.ts'
import { harmless, harmlessJson } from '../domain/harmless.ts'

/** Where lines go. Both resolve once the text is written. */
export interface Screen {
  /** What was asked for: the words of wire-protocol 4, or JSON. `text` has no newline at its end. */
  print(text: string): Promise<void>
  /** What helps a person and is not part of the protocol's words. */
  hint(text: string): Promise<void>
}

/** A command that was carried out. */
export interface Reply {
  readonly command: string
  /** The line of wire-protocol 4. */
  readonly words: string
  /** The message's id, after a SEND. */
  readonly id?: number
  /** How many items wait, after a CONNECT, where the protocol tells. */
  readonly waiting?: number | undefined
  /** Who there is, after USERS. */
  readonly users?: readonly UserPresence[]
  /** One line: what else is to be said. */
  readonly hint?: string | undefined
}

/** A command that was not. */
export interface Failure extends Pick<Reply, 'command' | 'words' | 'hint'> {
  /** Stable: a fault code of wire-protocol 2, `usage`, `cannot-connect`, `timed-out` or `failed`. */
  readonly code: string
  /** Which address failed. */
  readonly address?: string
}

/** Where a file was saved, or why it was not. */
export type FileOutcome = { readonly path: string } | { readonly problem: string }

/** How the client speaks. */
export interface OutputStyle {
  readonly json: boolean
  readonly raw: boolean
  readonly color: boolean
}

/** Everything the client says, in words or as one JSON object per line. */
export interface Output {
  reply(reply: Reply): Promise<void>
  failure(failure: Failure): Promise<void>
  incoming(item: Incoming): Promise<void>
  /** What became of the file of a message. */
  file(message: IncomingMessage, outcome: FileOutcome): Promise<void>
  help(lines: readonly string[]): Promise<void>
  /** What becomes of the connection, where a person should know. */
  state(change: ClientState): Promise<void>
  /** What helps a person, whatever is asked for. */
  note(text: string): Promise<void>
}

const BOLD = ['\x1b[1m', '\x1b[22m'] as const
const DIM = ['\x1b[2m', '\x1b[22m'] as const

/** Output in the style asked for. What peers sent becomes harmless here, and nowhere else. */
export function createOutput(style: OutputStyle, screen: Screen): Output {
  return style.json ? createJsonOutput(screen) : createWordOutput(style, screen)
}

function createWordOutput({ raw, color }: OutputStyle, screen: Screen): Output {
  const shown = raw ? (text: string) => text : harmless
  const paint = ([on, off]: readonly [string, string], text: string) => (color ? `${on}${text}${off}` : text)

  const note = (text: string) => screen.hint(paint(DIM, harmless(text)))

  return {
    async reply({ words, hint, waiting = 0, users }) {
      // The names of users are peers' words.
      if (words !== '')
        await screen.print(users === undefined ? words : words.split('\n').map(shown).join('\n'))
      if (users?.length === 0) await note('no user has a name that begins so')
      if (waiting > 0) await note(waitingWords(waiting))
      if (hint !== undefined) await note(hint)
    },
    async failure({ words, hint }) {
      await screen.print(harmless(words))
      if (hint !== undefined) await note(hint)
    },
    async state(change) {
      const words = stateWords(change)
      if (words !== undefined) await note(words)
    },
    note,
    incoming: (item) =>
      screen.print(
        item.kind === 'receipt'
          ? `SEND MESSAGE id ${item.id} OK`
          : `${paint(BOLD, `MESSAGE ${item.id} FROM ${shown(item.sender)} :`)}\n  ${shown(item.text)}\nEND`,
      ),
    async file({ sender, attachment }, outcome) {
      const { name = '', size = 0 } = attachment ?? {}
      const file = `FILE ${shown(name)} (${sizeInWords(size)}) FROM ${shown(sender)}`
      // The path is ours, but for the name in it, and no name of a folder is to be obeyed either.
      if ('path' in outcome) return screen.print(`${file} SAVED AS ${harmless(outcome.path)}`)
      await screen.print(`${file} NOT SAVED`)
      await note(outcome.problem)
    },
    help: (lines) => screen.print(lines.join('\n')),
  }
}

/**
 * `type` is `reply`, `error`, `message`, `receipt`, `file`, `help`, `state` or `note`; the other members are those of the values above,
 * `text` the words or the message.
 */
function createJsonOutput(screen: Screen): Output {
  const print = (line: object) => screen.print(harmlessJson(line))
  return {
    reply: ({ words, ...rest }) => print({ type: 'reply', ...rest, text: words }),
    failure: ({ words, ...rest }) => print({ type: 'error', ...rest, text: words }),
    incoming: ({ kind, ...rest }) => print({ type: kind, ...rest }),
    file: ({ id, sender, attachment }, outcome) =>
      print({ type: 'file', id, sender, ...attachment, ...outcome }),
    help: (lines) => print({ type: 'help', lines }),
    async state(change) {
      const text = stateWords(change)
      if (text !== undefined) await print({ type: 'state', ...change, reason: undefined, text })
    },
    note: (text) => print({ type: 'note', text }),
  }
}

/** A size as people say it. */
function sizeInWords(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB']
  const step = bytes === 0 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  const amount = bytes / 1024 ** step
  const digits = step === 0 || amount >= 10 ? 0 : 1
  return `${amount.toFixed(digits)} ${bytes === 1 ? 'byte' : units[step]}`
}

/** A status line, or undefined for what needs none: the reply to CONNECT says it. */
function stateWords(change: ClientState): string | undefined {
  if (change.state === 'lost') {
    return `the server is away and looked for; what you send waits (${change.reason.message})`
  }
  if (change.state === 'back') {
    return `the server is back${change.waiting === 0 ? '' : `, ${waitingWords(change.waiting)}`}`
  }
  return change.state === 'ended' ? `you are not connected any more: ${change.reason.message}` : undefined
}

function waitingWords(count: number): string {
  return `${count} ${count === 1 ? 'message' : 'messages'} waiting`
}
