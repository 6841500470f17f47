#!/usr/bin/env node
import type { RunningServer } from './compose.ts'
import { type Config, readConfig } from './config.ts'
import { ConfigExplanation } from './config-explanation.ts'
import type { ServerConfig } from './config-server.ts'
import { boundYoungGeneration } from './young-generation.ts'

/** How long a stopping server may take before it is ended, in milliseconds (reliability R10). */
const STOP_TIMEOUT_MS = 9500

/** What each command does; the number is the exit code. Loaded when it is wanted: the prompt must not wait for the server's parts. */
const COMMANDS = {
  async server({ server }: Config & { command: 'server' }) {
    return runServer(server)
  },
  async client({ client }: Config & { command: 'client' }) {
    const { runClient } = await import('./cli/run-client.ts')
    return runClient(client, process)
  },
  async verb({ client, verb }: Config & { command: 'verb' }) {
    const { runVerb } = await import('./cli/run-client.ts')
    return runVerb(client, verb, process)
  },
  async user({ user }: Config & { command: 'user' }) {
    const { runUserCommand } = await import('./cli/user-command.ts')
    return runUserCommand(user, process)
  },
  async store({ store: { action, folder } }: Config & { command: 'store' }) {
    const { inspectStore } = await import('./backend/lmdb/inspect.ts')
    return inspectStore(action, { folder, print: (line) => process.stdout.write(`${line}\n`) })
  },
}

/** Runs a server until a signal stops it, or its terminal is closed; a second signal ends it at once. */
async function runServer(config: ServerConfig): Promise<number> {
  // What the server writes is nobody else's to read.
  process.umask(0o077)
  const { startServer } = await import('./compose.ts')
  const server = await startServer(config)
  boundYoungGeneration()
  // Listened for before it says that it is up: whoever reads that may send a signal at once.
  const stop = Promise.race([nextSignal(), terminalClosed()])
  announce(config, server)
  process.on('SIGHUP', () => {
    try {
      server.renewTls()
    } catch (error) {
      process.stderr.write(`${explain(error)}; the certificate in use stays\n`)
    }
  })
  const why = await stop
  void nextSignal().then(() => process.exit(128 + 2))
  setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
  process.stderr.write(`dms: ${why}, stopping (again to stop at once)\n`)
  await server.close()
  return 0
}

/** Says where things are, and how to open a client. */
function announce(config: ServerConfig, server: RunningServer): void {
  const { host, port, soapPort, tlsPort, httpsPort } = server
  const shown = host.includes(':') ? `[${host}]` : host
  const name = host === '127.0.0.1' ? 'localhost' : shown
  const folder = config.backend === 'lmdb' ? config.folder : undefined
  const wsdl = `http://${name}:${soapPort}/?wsdl`
  if (config.log === 'json') {
    const places = { host, port, wsdl, folder, tlsPort, httpsPort }
    process.stdout.write(`${JSON.stringify({ level: 30, time: Date.now(), event: 'started', ...places })}\n`)
    return
  }
  const lines = [
    `s> init server ${shown}:${port}`,
    tlsPort === undefined ? undefined : `   TLS      ${shown}:${tlsPort}`,
    `   SOAP     ${wsdl}`,
    httpsPort === undefined ? undefined : `   HTTPS    https://${name}:${httpsPort}/?wsdl`,
    `   data     ${folder ?? 'in memory: nothing is kept after exit'}`,
    `   client   npx dms client -s ${name} -p ${port}${soapPort === 8080 ? '' : ` --wsdl '${wsdl}'`}`,
  ]
  process.stdout.write(`${lines.filter((line) => line !== undefined).join('\n')}\n`)
}

/** Resolves when the terminal that is written to is gone. Where it is none, and nobody reads the log any more, the server goes on without. */
function terminalClosed(): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', () => {
        if (stream.isTTY) resolve('the terminal was closed')
      })
    }
  })
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM'] as const
    const onSignal = (signal: NodeJS.Signals): void => {
      for (const name of signals) process.off(name, onSignal)
      resolve(signal)
    }
    for (const name of signals) process.on(name, onSignal)
  })
}

/** What to do about the errors of the system that a person can do something about. */
const ADVICE: Readonly<
  Record<string, (error: NodeJS.ErrnoException & { address?: string; port?: number }) => string>
> = {
  EADDRINUSE: ({ address, port }) =>
    `${address}:${port} is in use: stop what listens there, or choose another port with --port, --soap-port, --tls-port or --https-port`,
  EADDRNOTAVAIL: ({ address }) => `${address} is not an address of this machine: choose another with --host`,
  ENOTFOUND: ({ message }) => `${message}: choose another address with --host`,
  EACCES: ({ message }) => `${message}: choose another folder with --data, or another port`,
  EPERM: ({ message }) => `${message}: choose another folder with --data, or another port`,
  EROFS: ({ message }) => `${message}: choose another folder with --data`,
  ENOTDIR: ({ message }) => `${message}: choose another folder with --data`,
  EEXIST: ({ message }) => `${message}: choose another folder with --data`,
  ENOSPC: ({ message }) => `${message}: make room, or choose another folder with --data`,
}

/** One line about an error, without a stack. */
function explain(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  return `dms: ${ADVICE[code]?.(error as NodeJS.ErrnoException) ?? message}`
}

try {
  const config = readConfig()
  process.exitCode = await (COMMANDS[config.command] as (config: Config) => Promise<number>)(config)
  if (config.command === 'server') process.exit()
} catch (error) {
  if (error instanceof ConfigExplanation) {
    ;(error.exitCode === 0 ? process.stdout : process.stderr).write(`${error.message}\n`)
    process.exitCode = error.exitCode
  } else {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  }
}
