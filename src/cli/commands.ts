import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../client/client.ts'
import type { Protocol } from '../client/connect.ts'
import { outgoingFile } from '../client/outgoing-file.ts'
import { Fault, type FaultCode } from '../domain/fault.ts'
import type { Accounts } from './accounts.ts'
import type { Reply } from './output.ts'

/** What a command works with. */
export interface CommandContext {
  readonly client: Client
  readonly accounts: Accounts
  /** The text without its extra blanks, or as it is with `--no-trim`. */
  trim(text: string): Promise<string>
  readonly protocol: Protocol
  /** False: whoever connects only sends and asks. */
  readonly present: boolean
}

/** What a command comes to: what is printed, HELP's lines, or the end of the conversation. */
export type CommandResult =
  | Omit<Reply, 'command'>
  | { readonly help: readonly string[] }
  | { readonly leave: true }

/** What was typed after a command's name. */
export interface Typed {
  readonly fields: readonly string[]
  /** The command's option was there. */
  readonly option: boolean
}

/** What people type after a command. */
export type Field = 'userName' | 'prefix' | 'fileName' | 'message'

/** One row: what people type, what they read, and what is done. */
export interface Command {
  readonly name: string
  /** The words after the name. A `message` is the rest of the line, as typed; a `fileName` with blanks stands in quotation marks. */
  readonly fields: readonly Field[]
  /** How many of them must be there; otherwise all. */
  readonly least?: number
  /** What may follow the fields. */
  readonly option?: `--${string}`
  readonly help: string
  /** What is printed when it fails: the line for a fault code that has one (wire-protocol 4), else `otherwise`. */
  readonly refusals: Readonly<Partial<Record<FaultCode, string>>>
  readonly otherwise: string
  /** What to do about a refusal whose words do not say it. */
  advice?(context: CommandContext, typed: Typed, code: string): string | undefined
  /** It waits while the server is away, and somebody at a terminal goes on typing. */
  readonly waits?: true
  /** It may take long, and somebody at a terminal goes on typing. */
  readonly long?: true
  /** What it brings about comes in at the same time as its reply, and is shown after it. */
  readonly repliesFirst?: true
  run(context: CommandContext, typed: Typed): Promise<CommandResult>
}

/** Every command. Feeds the parser, its syntax errors, HELP, completion and the documentation's check. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'REGISTER',
    fields: ['userName'],
    option: '--password',
    help: 'makes a new user, with a secret kept for you, or with a password of yours',
    refusals: { 'user-exists': 'USERNAME IN USE' },
    otherwise: 'REGISTER FAIL',
    async run({ accounts }, { fields: [user = ''], option }) {
      await accounts.register(user, option)
      return { words: 'REGISTER OK' }
    },
  },
  {
    name: 'UNREGISTER',
    fields: ['userName'],
    help: 'removes a user, and what waits for it',
    refusals: { 'no-such-user': 'USER DOES NOT EXIST' },
    otherwise: 'UNREGISTER FAIL',
    async run({ accounts }, { fields: [user = ''] }) {
      const hint = await accounts.unregister(user)
      return { words: 'UNREGISTER OK', hint }
    },
  },
  {
    name: 'PASSWD',
    fields: [],
    help: 'asks for a new password of the connected user',
    refusals: {},
    otherwise: 'PASSWD FAIL',
    async run({ accounts }) {
      const hint = await accounts.passwd()
      return { words: 'PASSWD OK', hint }
    },
  },
  {
    name: 'CONNECT',
    fields: ['userName'],
    option: '--takeover',
    help: 'makes you present as this user: what waits is delivered, and you can send',
    refusals: {
      'no-such-user': 'CONNECT FAIL , USER DOES NOT EXIST',
      'already-connected': 'USER ALREADY CONNECTED',
    },
    otherwise: 'CONNECT FAIL',
    repliesFirst: true,
    advice({ client, protocol }, { fields: [user = ''] }, code) {
      const elsewhere = code === 'already-connected' && client.user !== user && protocol === 'session'
      return elsewhere ? `CONNECT ${user} --takeover ends the session elsewhere` : undefined
    },
    async run({ accounts, present }, { fields: [user = ''], option }) {
      const waiting = await accounts.connect(user, { takeover: option, present })
      return { words: 'CONNECT OK', waiting }
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
    async run({ client }, { fields: [user = ''] }) {
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
    waits: true,
    repliesFirst: true,
    async run({ client, trim }, { fields: [recipient = '', typed = ''] }) {
      const text = await trimmed(client, trim, typed)
      if (text === '')
        throw new Fault('invalid-request', 'the message has nothing but blanks: it was not sent')
      const id = await client.send(recipient, text)
      return { words: `SEND OK - MESSAGE id ${id}`, id }
    },
  },
  {
    name: 'SENDATTACH',
    fields: ['userName', 'fileName', 'message'],
    least: 2,
    help: 'sends a file, with a message if any; a name with blanks in "quotation marks"',
    refusals: { 'no-such-user': 'SENDATTACH FAIL / USER DOES NOT EXIST' },
    otherwise: 'SENDATTACH FAIL',
    waits: true,
    long: true,
    repliesFirst: true,
    async run({ client, trim }, { fields: [recipient = '', path = '', typed = ''] }) {
      const file = await outgoingFile(path.startsWith('~/') ? join(homedir(), path.slice(2)) : path)
      const text = typed === '' ? '' : await trimmed(client, trim, typed)
      const id = await client.sendAttachment(recipient, text, file)
      return { words: `SENDATTACH OK - MESSAGE id ${id}`, id }
    },
  },
  {
    name: 'USERS',
    fields: ['prefix'],
    least: 0,
    help: 'shows who there is, and who is online: names that begin so, 100 at most',
    refusals: {},
    otherwise: 'USERS FAIL',
    async run({ client }, { fields: [prefix = ''] }) {
      const users = await client.users(prefix)
      const words = users.map(({ name, online }) => `${name} ${online ? 'online' : 'offline'}`)
      return { words: words.join('\n'), users }
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

/** The text that is sent for what somebody typed. Rejects like `CommandContext.trim`. */
async function trimmed(client: Client, trim: CommandContext['trim'], typed: string): Promise<string> {
  const sender = client.user
  // Nobody connected: the client refuses, and the text service need not be asked first.
  if (sender === undefined) return typed
  const text = await trim(typed)
  // The text may have waited for the server, and whoever is connected by now did not write it.
  if (client.user === sender) return text
  throw new Fault('not-connected', `${sender} is not connected any more: the message was not sent`)
}

/** How a command is typed, without its option: `SEND <userName> <message>` (wire-protocol 4). */
export function usage({ name, fields, least = fields.length }: Command): string {
  return [name, ...fields.map((field, at) => (at < least ? `<${field}>` : `[${field}]`))].join(' ')
}

/** HELP, for terminals of 80 columns: what each command does stands below it. */
function helpLines(): readonly string[] {
  const typed = (command: Command) =>
    command.option === undefined ? usage(command) : `${usage(command)} [${command.option}]`
  return [
    ...COMMANDS.flatMap((command) => [typed(command), `  ${command.help}`]),
    'A file that comes in is saved, and a line says where. A file has at most',
    '--max-attachment-bytes of the server, 10 MiB by default.',
    'CONNECT --takeover ends the session that the user has elsewhere.',
    'A password is asked for, never typed in a command; where nobody can be asked,',
    'DMS_PASSWORD is one. While the server is away, SENDs wait and typing goes on.',
    'At a terminal: Tab completes, the arrow keys bring earlier lines back, Ctrl-C',
    'clears the line and twice leaves, Ctrl-D leaves.',
    'From a pipe or a file: every line runs, also after one that failed; the first',
    'failure decides the exit code:',
    '0 done, 1 refused, 2 not a command, 3 cannot connect, 4 no answer in time.',
  ]
}
