import { constants } from 'node:os'
import type { ClientIo, ClientOptions, Verb } from './client-options.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The command-line client (wire-protocol 4): a prompt at a terminal, a script otherwise. Resolves to the exit code, see `untilSignal`. */
export function runClient(options: ClientOptions, io: ClientIo): Promise<number> {
  return untilSignal(async (stop) => {
    const run =
      io.stdin.isTTY && io.stdout.isTTY
        ? (await import('./shell.ts')).runShell
        : (await import('./script.ts')).runScript
    return run(options, io, stop)
  })
}

/** `dms send`, `dms listen` or `dms users`. Resolves to the exit code, see `untilSignal`. */
export function runVerb(options: ClientOptions, verb: Verb, io: ClientIo): Promise<number> {
  return untilSignal(async (stop) => (await import('./verbs.ts')).runVerb(options, verb, io, stop))
}

/**
 * Resolves to the exit code: one of `EXIT_CODES`, or 128 and the signal's number when a signal ended it. A signal, too,
 * disconnects first; a second one ends the process at once.
 */
async function untilSignal(run: (stop: AbortSignal) => Promise<number>): Promise<number> {
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
    const exit = await run(stop.signal)
    return signalled ?? exit
  } finally {
    release()
  }
}
