import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import type { ClientOptions, Verb } from './cli/client-options.ts'
import type { UserCommandOptions } from './cli/user-command.ts'
import { type ClientFlagValues, clientConfig, userOf } from './config-client.ts'
import { ConfigExplanation } from './config-explanation.ts'
import {
  CLIENT_FLAGS,
  type ConfigSources,
  DATA_FLAG,
  type Flag,
  SERVER_FLAGS,
  USER_FLAGS,
} from './config-flags.ts'
import { type ServerConfig, serverConfig } from './config-server.ts'

/** What `dms store` can do with a data folder. */
const STORE_ACTIONS = {
  verify: 'read every record and name those that are damaged (exit code 1 if there are any)',
  stats: 'count users, mailboxes and what waits in them',
  export: 'write everything as JSON, one object a line',
} as const

/** What `dms store` is to do, and where. */
export interface StoreConfig {
  readonly action: keyof typeof STORE_ACTIONS
  readonly folder: string
}

/** What `dms user` can do with the accounts of a running server. */
const USER_ACTIONS = {
  add: 'make an account and print its random secret, or ask for a password',
  remove: 'remove an account and what waits for it',
  reset: 'give an account another secret',
  token: 'print a token: a program that shows it over HTTP (Authorization: Bearer) acts as this user',
  list: 'list accounts whose names start with this',
} as const

/** One command line, understood. */
export type Config =
  | { readonly command: 'user'; readonly user: UserCommandOptions }
  | { readonly command: 'server'; readonly server: ServerConfig }
  | { readonly command: 'client'; readonly client: ClientOptions }
  | { readonly command: 'verb'; readonly client: ClientOptions; readonly verb: Verb }
  | { readonly command: 'store'; readonly store: StoreConfig }

/** Reads the command line: flag before environment before default. Throws `ConfigExplanation`. */
export function readConfig(sources: ConfigSources = processSources()): Config {
  let config: Config | undefined
  let said = ''
  const say = (text: string): void => {
    said += text
  }
  const program = new Command('dms')
    .description('Durable messaging between users, over TCP and SOAP.')
    .version(readVersion())
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
  const add = (parent: Command, name: string, text: string, flags: readonly Flag[]): Command => {
    const command = parent.command(name).description(text).showHelpAfterError('(--help shows what there is)')
    for (const flag of flags) command.addOption(createOption(flag, sources))
    return command
  }

  add(program, 'server', 'run the server', SERVER_FLAGS).action((options) => {
    config = { command: 'server', server: serverConfig(options) }
  })
  const client = (name: string, text: string): Command =>
    add(
      program,
      name,
      text,
      CLIENT_FLAGS.filter(({ only }) => only === undefined || only.includes(name)),
    )
  const verb = (values: ClientFlagValues, create: (as: string) => Verb): void => {
    config = { command: 'verb', client: clientConfig(values, sources.env), verb: create(userOf(values)) }
  }
  client('client', 'open the prompt, or run the commands on standard input').action((values) => {
    config = { command: 'client', client: clientConfig(values, sources.env) }
  })
  client('send', 'send one message and print its id')
    .argument('<to>', 'the recipient')
    .argument('[text]', 'the message; otherwise, or with -, it is standard input')
    .action((to, text, values) => {
      verb(values, (as) => ({ name: 'send', as, to, text: text === '-' ? undefined : text }))
    })
  client('sendattach', 'send one file, with a message if there is one, and print its id')
    .argument('<to>', 'the recipient')
    .argument('<file>', 'the path of the file')
    .argument('[text]', 'the message; with - it is standard input')
    .action((to, file, text = '', values) => {
      verb(values, (as) => ({ name: 'sendattach', as, to, file, text: text === '-' ? undefined : text }))
    })
  client('listen', 'print what comes in, each message once').action((values) => {
    verb(values, (as) => ({ name: 'listen', as, count: values.count }))
  })
  client('users', 'show who there is, and who is online')
    .argument('[prefix]', 'how their names begin')
    .action((prefix = '', values) => {
      verb(values, (as) => ({ name: 'users', as, prefix }))
    })
  const store = program.command('store').description('look into a data folder')
  for (const [action, text] of Object.entries(STORE_ACTIONS)) {
    add(store, action, text, [DATA_FLAG]).action(({ data }: { data: string }) => {
      config = { command: 'store', store: { action: action as StoreConfig['action'], folder: resolve(data) } }
    })
  }

  const users = program.command('user').description('manage the accounts of the server on this data folder')
  for (const [name, text] of Object.entries(USER_ACTIONS)) {
    const action = name as UserCommandOptions['action']
    const flags = USER_FLAGS.filter(({ only }) => only === undefined || only.includes(action))
    const argument = action === 'list' ? '[prefix]' : '<name>'
    add(users, name, text, flags)
      .argument(argument)
      .action((user = '', { data, password = false, days = 0, json }) => {
        config = { command: 'user', user: { action, user, folder: resolve(data), password, days, json } }
      })
  }

  try {
    program.parse(sources.args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // commander's own code for a mistake is 1; the field's is 2.
    throw new ConfigExplanation(said.trimEnd(), { exitCode: error.exitCode === 0 ? 0 : 2, cause: error })
  }
  if (config === undefined) throw new ConfigExplanation(program.helpInformation().trimEnd(), { exitCode: 2 })
  return Object.freeze(config)
}

/** The sources of a process: this is the one place that reads them. */
function processSources(): ConfigSources {
  return { args: process.argv.slice(2), env: process.env, terminal: process.stdout.isTTY === true }
}

/** commander's option for a flag; its default is the environment's value, if there is one. */
function createOption({ flags, text, env, otherwise, parse }: Flag, sources: ConfigSources): Option {
  const standard = typeof otherwise === 'function' ? otherwise(sources) : otherwise
  const option = new Option(flags, `${text} [${env}]`)
  if (flags.includes('<') && parse !== undefined) option.argParser(parse)
  const given = sources.env[env] || undefined
  const chosen = given ?? standard
  let value: unknown = chosen
  try {
    if (typeof chosen === 'string' && parse !== undefined) value = parse(chosen)
  } catch (cause) {
    const why = `error: the environment has ${env}=${given}. ${(cause as Error).message}`
    throw new ConfigExplanation(why, { exitCode: 2, cause })
  }
  return option.default(value, describeDefault(value, chosen, standard))
}

/** What the help shows as the default; undefined: the value as it is. */
function describeDefault(value: unknown, chosen: unknown, standard: unknown): string | undefined {
  if (typeof value === 'boolean') return value === standard ? 'off' : 'on'
  return typeof value === 'object' ? String(chosen) : undefined
}

/** The version of the package that this file belongs to. */
function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return version
}
