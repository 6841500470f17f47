import type { Client } from '../client/client.ts'
import { Fault, type FaultCode } from '../domain/fault.ts'

/** What a command works with. */
export interface CommandContext {
  readonly client: Client
  /** The text without its extra blanks, or as it is with `--no-trim`. */
  trim(text: string): Promise<string>
}

/** What a command comes to: a line to print, HELP's lines, or the end of the conversation. */
export type CommandResult =
  | { readonly words: string; readonly id?: number }
  | { readonly help: readonly string[] }
  | { readonly leave: true }

/** One row: what people type, what they read, and what is done. */
export interface Command {
  readonly name: string
  /** The words after the name. A `message` is the rest of the line, as typed. */
  readonly fields: readonly ('userName' | 'message')[]
  readonly help: string
  /** What is printed when it fails: the line for a fault code that has one (wire-protocol 4), else `otherwise`. */
  readonly refusals: Readonly<Partial<Record<FaultCode, string>>>
  readonly otherwise: string
  /** What it brings about comes in at the same time as its reply, and is shown after it. */
  readonly repliesFirst?: true
  run(context: CommandContext, fields: readonly string[]): Promise<CommandResult>
}

/** Every command. Feeds the parser, its syntax errors, HELP, completion and the documentation's check. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'REGISTER',
    fields: ['userName'],
    help: 'makes a new user',
    refusals: { 'user-exists': 'USERNAME IN USE' },
    otherwise: 'REGISTER FAIL',
    async run({ client }, [user = '']) {
      await client.register(user)
      return { words: 'REGISTER OK' }
    },
  },
  {
    name: 'UNREGISTER',
    fields: ['userName'],
    help: 'removes a user, and what waits for it',
    refusals: { 'no-such-user': 'USER DOES NOT EXIST' },
    otherwise: 'UNREGISTER FAIL',
    async run({ client }, [user = '']) {
      await client.unregister(user)
      return { words: 'UNREGISTER OK' }
    },
  },
  {
    name: 'CONNECT',
    fields: ['userName'],
    help: 'makes you present as this user: what waits is delivered, and you can send',
    refusals: {
      'no-such-user': 'CONNECT FAIL , USER DOES NOT EXIST',
      'already-connected': 'USER ALREADY CONNECTED',
    },
    otherwise: 'CONNECT FAIL',
    repliesFirst: true,
    async run({ client }, [user = '']) {
      await client.connect(user)
      return { words: 'CONNECT OK' }
    },
  },
  {
    name: 'DISCONNECT',
    fields: ['userName'],
    help: 'ends that; messages wait on the server',
    refusals: {
      'no-such-user': 'DISCONNECT FAIL / USER DOES NOT EXIST',
      'not-connected': 'DISCONNECT FAIL / USER NOT CONNECTED',
    },
    otherwise: 'DISCONNECT FAIL',
    async run({ client }, [user = '']) {
      await client.disconnect(user)
      return { words: 'DISCONNECT OK' }
    },
  },
  {
    name: 'SEND',
    fields: ['userName', 'message'],
    help: 'sends a message; its receipt comes when the other user has it',
    refusals: { 'no-such-user': 'SEND FAIL / USER DOES NOT EXIST' },
    otherwise: 'SEND FAIL',
    repliesFirst: true,
    async run({ client, trim }, [recipient = '', typed = '']) {
      // Nobody connected: the client refuses, and the text service need not be asked first.
      const text = client.user === undefined ? typed : await trim(typed)
      if (text === '')
        throw new Fault('invalid-request', 'the message has nothing but blanks: it was not sent')
      const id = await client.send(recipient, text)
      return { words: `SEND OK - MESSAGE id ${id}`, id }
    },
  },
  {
    name: 'HELP',
    fields: [],
    help: 'shows this',
    refusals: {},
    otherwise: 'HELP FAIL',
    run: async () => ({ help: helpLines() }),
  },
  {
    name: 'QUIT',
    fields: [],
    help: 'disconnects and leaves',
    refusals: {},
    otherwise: 'QUIT FAIL',
    run: async () => ({ leave: true }),
  },
]

/** What a line says: nothing, a command with its fields, or something that is neither, with the words for it. */
export type ParsedLine =
  | { readonly kind: 'blank' }
  | { readonly kind: 'command'; readonly command: Command; readonly fields: readonly string[] }
  | { readonly kind: 'mistake'; readonly command: string; readonly words: string }

/** Reads a line as typed. Commands are case-insensitive; a message keeps all its blanks after the one that separates it. */
export function parseLine(line: string): ParsedLine {
  const [, word, rest = ''] = /^\s*(\S+)(.*)$/s.exec(line) ?? []
  if (word === undefined) return { kind: 'blank' }
  const name = word.toUpperCase()
  const command = COMMANDS.find((row) => row.name === name)
  if (command === undefined) {
    return { kind: 'mistake', command: name, words: `Error: command ${name} not valid.` }
  }
  const fields = command.fields.includes('message')
    ? (/^\s+(\S+)\s(.+)$/s.exec(rest)?.slice(1) ?? [])
    : rest.split(/\s+/).filter((field) => field !== '')
  if (fields.length === command.fields.length) return { kind: 'command', command, fields }
  const words = `Syntax error. ${command.fields.length === 0 ? 'Use' : 'Usage'}: ${usage(command)}`
  return { kind: 'mistake', command: name, words }
}

/** How a command is typed: `SEND <userName> <message>`. */
export function usage(command: Command): string {
  return [command.name, ...command.fields.map((field) => `<${field}>`)].join(' ')
}

function helpLines(): readonly string[] {
  const width = Math.max(...COMMANDS.map((command) => usage(command).length))
  return [
    ...COMMANDS.map((command) => `${usage(command).padEnd(width)}  ${command.help}`),
    'At a terminal: Tab completes, the arrow keys bring earlier lines back, Ctrl-C clears the line and twice leaves, Ctrl-D leaves.',
    'From a pipe or a file: every line runs, also after one that failed; the first failure decides the exit code:',
    '0 done, 1 refused, 2 not a command, 3 cannot connect, 4 no answer in time.',
  ]
}
