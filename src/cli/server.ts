import type { Client, OnState, Receive } from '../client/client.ts'
import { createClient } from '../client/connect.ts'
import { openCredentialsFile } from '../client/credentials-file.ts'
import { addressOf } from '../client/session-dial.ts'
import { ACCOUNTS, type Accounts } from './accounts.ts'
import type { ClientOptions } from './client-options.ts'
import { type Ask, createPasswords } from './passwords.ts'

/** The server as commands use it. */
export interface Server {
  readonly client: Client
  readonly accounts: Accounts
  /** What a person should know, or undefined. */
  readonly complaint: string | undefined
}

/** Who takes part in what comes from a server. */
export interface ServerListener {
  readonly receive: Receive
  readonly onState: OnState
  readonly ask: Ask | undefined
}

/** The server that the options name. Nothing is opened yet; the files it needs are those of `options`. */
export function createServer(options: ClientOptions, { receive, onState, ask }: ServerListener): Server {
  const { server, port, protocol, tls, ca, timeoutMs, shownFolder, credentialsFile } = options
  const open = (stateFolder?: string) =>
    createClient({ server, port, protocol, tls, ca, timeoutMs, stateFolder, onState }, receive)
  let client: Client
  let complaint: string | undefined
  try {
    client = open(shownFolder)
  } catch (error) {
    client = open()
    complaint = `what was shown is not kept for the next run, which may show it again: ${(error as Error).message}`
  }
  const accounts = ACCOUNTS[protocol]({
    client,
    address: addressOf({ host: server, port }),
    credentials: openCredentialsFile(credentialsFile),
    credentialsFile,
    passwords: createPasswords(options.password, ask),
  })
  return { client, accounts, complaint }
}
