import type { Incoming } from '../client/client.ts'
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
}

/** A command that was not. */
export interface Failure extends Reply {
  /** Stable: a fault code of wire-protocol 2, `usage`, `cannot-connect`, `timed-out` or `failed`. */
  readonly code: string
  /** One line: why, and what to do. */
  readonly hint?: string
  /** Which address failed. */
  readonly address?: string
}

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
  help(lines: readonly string[]): Promise<void>
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

  return {
    reply: ({ words }) => screen.print(words),
    async failure({ words, hint }) {
      await screen.print(harmless(words))
      if (hint !== undefined) await screen.hint(paint(DIM, harmless(hint)))
    },
    incoming: (item) =>
      screen.print(
        item.kind === 'receipt'
          ? `SEND MESSAGE id ${item.id} OK`
          : `${paint(BOLD, `MESSAGE ${item.id} FROM ${shown(item.sender)} :`)}\n  ${shown(item.text)}\nEND`,
      ),
    help: (lines) => screen.print(lines.join('\n')),
  }
}

/** `type` is `reply`, `error`, `message`, `receipt` or `help`; the other members are those of the values above, `text` the words or the message. */
function createJsonOutput(screen: Screen): Output {
  const print = (line: object) => screen.print(harmlessJson(line))
  return {
    reply: ({ words, ...rest }) => print({ type: 'reply', ...rest, text: words }),
    failure: ({ words, ...rest }) => print({ type: 'error', ...rest, text: words }),
    incoming: ({ kind, ...rest }) => print({ type: kind, ...rest }),
    help: (lines) => print({ type: 'help', lines }),
  }
}
