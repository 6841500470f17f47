import { constants } from 'node:os'
import type { ClientIo, ClientOptions } from './client-options.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The command-line client (wire-protocol 4): a prompt at a terminal, a script otherwise. Resolves to the exit code:
 * one of `EXIT_CODES`, or 128 and the signal's number when a signal ended it. A signal, too, disconnects first; a
 * second one ends the process at once.
 */
export async function runClient(options: ClientOptions, io: ClientIo): Promise<number> {
  const stop = new AbortController()
  let signalled: number | undefined
  const onSignal = (name: (typeof SIGNALS)[number]) => {
    signalled = 128 + constants.signals[name]
    stop.abort()
    release()
  }
  const release = () => {
    for (const name of SIGNALS) process.off(name, onSignal)
  }
  for (const name of SIGNALS) process.once(name, onSignal)
  try {
    const run =
      io.stdin.isTTY && io.stdout.isTTY
        ? (await import('./shell.ts')).runShell
        : (await import('./script.ts')).runScript
    const exit = await run(options, io, stop.signal)
    return signalled ?? exit
  } finally {
    release()
  }
}
