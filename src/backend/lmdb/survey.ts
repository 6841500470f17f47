import type { Seq } from '../../domain/message.ts'
import type { Survey } from '../../domain/store.ts'
import type { SmallSteps } from '../small-steps.ts'
import { unlessDamaged } from './checked.ts'
import type { Environment } from './environment.ts'
import { decodeItems } from './item-record.ts'
import { numberKey, placeKey, readPlaceKey } from './keys.ts'
import { type AccountNumber, decodeHead } from './record.ts'

/** What a survey works with. */
export interface SurveyOptions {
  readonly environment: Pick<Environment, 'heads' | 'items' | 'removed'>
  /** The last account number that was given out. */
  readonly lastAccount: AccountNumber
  readonly steps: SmallSteps
  /** Throws when the environment must not be read any more; asked after every pause. */
  readonly assertReadable: () => void
}

/**
 * Counts what waits, as the records say it: account by account, looked up one by one, so that nothing is held open while
 * others have their turn. A damaged record is left out: whoever reads that mailbox reports it.
 */
export async function surveyMailboxes(options: SurveyOptions): Promise<Survey> {
  const { heads, items, removed } = options.environment
  const { lastAccount, steps, assertReadable } = options
  const found = { accounts: 0, items: 0, bytes: 0, largest: 0 }
  let oldest: number | undefined

  for (let number = 1; number <= lastAccount; number++) {
    if (steps.due) await pause()
    const key = numberKey(number)
    const record = heads.get(key)
    // What a removed account left behind waits for nobody.
    if (record === undefined || removed.get(key) !== undefined) continue
    found.accounts++
    const head = unlessDamaged(() => decodeHead(key, record))
    if (head === undefined || head.count === 0) continue
    found.items += head.count
    found.bytes += head.bytes
    found.largest = Math.max(found.largest, head.count)
    const acceptedAt = await oldestIn(number, head.confirmed)
    if (acceptedAt !== undefined) oldest = Math.min(oldest ?? acceptedAt, acceptedAt)
  }
  return { ...found, oldest }

  /** When the first message of a mailbox was accepted: items stand in that order. Receipts before it have no time of their own. */
  async function oldestIn(number: AccountNumber, confirmed: Seq): Promise<number | undefined> {
    const end = numberKey(number + 1)
    for (let after = confirmed; ; ) {
      let interrupted = false
      for (const { key, value } of items.getRange({ start: placeKey(number, after + 1), end })) {
        for (const item of unlessDamaged(() => decodeItems(key, value)) ?? []) {
          if (item.kind === 'message' && item.seq > confirmed) return item.acceptedAt
        }
        after = readPlaceKey(key).place
        interrupted = steps.due
        if (interrupted) break
      }
      if (!interrupted) return undefined
      await pause()
    }
  }

  async function pause(): Promise<void> {
    await steps.pause()
    assertReadable()
  }
}
