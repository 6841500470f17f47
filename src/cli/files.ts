import type { IncomingMessage } from '../client/client.ts'
import { DamagedFile } from '../client/errors.ts'
import { Fault } from '../domain/fault.ts'
import { createDownloads } from './downloads.ts'
import { explain } from './exit-code.ts'
import type { Output } from './output.ts'

/** Files that come in, saved one after the other while messages are printed. */
export interface Files {
  /** Takes the file of a message, if it has one; says what came of it. */
  take(message: IncomingMessage): void
  /** Resolves when all that were taken are saved, or have failed. */
  settled(): Promise<void>
  /** Gives up what is under way: it stays on the server. */
  stop(): void
}

/** Files saved in a folder. */
export function createFiles(folder: string, output: Output): Files {
  const downloads = createDownloads(folder)
  const stopping = new AbortController()
  let turn: Promise<void> = Promise.resolve()

  return {
    take(message) {
      // Where nobody reads the words, what prints next finds that out, too.
      turn = turn.then(() => save(message)).catch(() => {})
    },
    settled: () => turn,
    stop: () => stopping.abort(new Error('the client has left')),
  }

  async function save(message: IncomingMessage): Promise<void> {
    const { attachment } = message
    if (attachment === undefined || stopping.signal.aborted) return
    if (attachment.lost) {
      await output.file(message, { problem: 'the server has lost it' })
      attachment.confirm()
      return
    }
    try {
      const path = await fetchTwice(() => downloads.save(attachment, stopping.signal))
      await output.file(message, { path })
      attachment.confirm()
    } catch (error) {
      // What is damaged or lost on the server's disk does not get better, and would hold up the mailbox.
      const lost = error instanceof Fault && error.code === 'invalid-request'
      const forGood = lost || error instanceof DamagedFile
      const { hint } = explain(error)
      const problem = forGood ? hint : `${hint}. It stays on the server and comes again at the next CONNECT`
      await output.file(message, { problem })
      if (forGood) attachment.confirm()
    }
  }
}

/** A sum that is wrong once may be the way's fault. */
async function fetchTwice<Outcome>(fetch: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await fetch()
  } catch (error) {
    if (error instanceof DamagedFile) return fetch()
    throw error
  }
}
