import { askAdmin, listUsers } from '../client/admin-client.ts'
import { createSecret, createVerifier } from '../client/scram.ts'
import { harmless, harmlessJson } from '../domain/harmless.ts'
import { askSecret } from './ask-secret.ts'
import { EXIT_CODES, type ExitCode, explain } from './exit-code.ts'

/** What `dms user` was told to do. */
export interface UserCommandOptions {
  readonly action: 'add' | 'remove' | 'reset' | 'token' | 'list'
  /** The user; for `list` a prefix, which may be empty. */
  readonly user: string
  /** The data folder of the running server. */
  readonly folder: string
  /** Ask for a password, rather than make a random secret. */
  readonly password: boolean
  /** For how many days a token is good. */
  readonly days: number
  readonly json: boolean
}

/** Where the command speaks. */
export interface UserCommandIo {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
}

/** Adds, removes, resets or lists users, or issues a token, through the administration socket of a running server. Resolves to the exit code. */
export async function runUserCommand(options: UserCommandOptions, io: UserCommandIo): Promise<ExitCode> {
  const { action, user, folder } = options
  const say = (words: string, object: object): void => {
    io.stdout.write(`${options.json ? harmlessJson(object) : words}\n`)
  }
  try {
    if (action === 'list') {
      for await (const found of listUsers(folder, user)) {
        const kind = found.credential ? 'credential' : 'open'
        say(`${harmless(found.user)}  ${kind}  ${found.waiting} waiting`, found)
      }
    } else if (action === 'token') {
      const { token, expires } = await askAdmin(folder, { operation: 'token', user, days: options.days })
      say(`${harmless(user)} token: ${token}`, { user, token, expires })
    } else if (action === 'remove') {
      await askAdmin(folder, { operation: 'remove', user })
      say(`${harmless(user)} removed`, { user, removed: true })
    } else {
      const secret = options.password
        ? await askSecret(io, `password for ${harmless(user)}: `)
        : createSecret()
      const verifier = await createVerifier(secret, options.password ? 'chosen' : 'generated')
      await askAdmin(folder, { operation: action, user, verifier })
      // A chosen password is known to who chose it; a random one is shown this once and kept nowhere.
      if (options.password) say(`${harmless(user)} ${action === 'add' ? 'added' : 'reset'}`, { user })
      else say(`${harmless(user)} secret: ${secret}`, { user, secret })
    }
    return EXIT_CODES.done
  } catch (error) {
    const { exit, hint } = explain(error)
    io.stderr.write(`dms user: ${harmless(hint)}\n`)
    return exit
  }
}
