import { setTimeout as pause } from 'node:timers/promises'
import { CannotConnect } from '../client/errors.ts'
import { Fault } from '../domain/fault.ts'
import type { ClientOptions } from './client-options.ts'
import type { Link } from './link.ts'
import type { Trimmer } from './trim.ts'

/** Makes messages of what people typed. */
export interface Texts {
  /** The text without its extra blanks, or as it is with `--no-trim`. In the order of the calls, so that SENDs keep theirs. Rejects like `Trimmer`. */
  trim(text: string): Promise<string>
  close(): void
}

/** A server that goes takes its text service with it; this long after that was missed, in milliseconds, its going was noticed too. */
const NOTICED_MS = 250

/** The text service, waited for while the server is away: often it is the same. */
export function createTexts(options: ClientOptions, link: Link): Texts {
  let trimmer: Promise<Trimmer> | undefined
  let turn: Promise<unknown> = Promise.resolve()

  return {
    trim(text) {
      if (!options.trim) return Promise.resolve(text)
      const mine = turn.then(() => whenPossible(text))
      turn = mine.catch(() => {})
      return mine
    },
    close: () => void trimmer?.then((opened) => opened.close()),
  }

  async function whenPossible(text: string): Promise<string> {
    for (;;) {
      await link.settled()
      if (link.over)
        throw new Fault('not-connected', 'the message was not sent: the server was away to the end')
      try {
        // Loaded when first needed: the SOAP client costs more time than everything before the prompt.
        trimmer ??= import('./trim.ts').then(({ createTrimmer }) => createTrimmer(options))
        return await (await trimmer).trim(text)
      } catch (error) {
        if (!(error instanceof CannotConnect) || !(await wentAway())) throw error
      }
    }
  }

  async function wentAway(): Promise<boolean> {
    if (options.protocol === 'session') await Promise.race([link.lost(), pause(NOTICED_MS)])
    return link.away
  }
}
