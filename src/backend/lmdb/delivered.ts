import type { MessageId } from '../../domain/message.ts'
import { SmallSteps } from '../small-steps.ts'
import type { Mailbox } from './mailbox.ts'
import type { MailboxRecords } from './mailbox-records.ts'
import type { AccountNumber } from './record.ts'
import type { SentRefs } from './sent-refs.ts'

/**
 * Looks through an account's mailbox for the receipts of its messages, once, in small steps. From here on `refs.delivered` is
 * kept up by whoever puts receipts in and takes them out, so that what changes meanwhile is not missed. Nothing of it is
 * written: the receipts are the truth.
 * @param synced resolves when what the mailbox has now is on disk.
 */
export async function findDelivered(
  records: MailboxRecords,
  { number, mailbox }: { readonly number: AccountNumber; readonly mailbox: Mailbox },
  refs: SentRefs,
  synced: () => Promise<void>,
): Promise<ReadonlySet<MessageId>> {
  const delivered = new Set<MessageId>()
  refs.delivered = delivered
  const end = mailbox.next
  await synced()
  const steps = new SmallSteps()
  for (let after = mailbox.confirmed; after < end; ) {
    if (steps.due) await steps.pause()
    const { items, through } = records.page(number, after)
    for (const item of items) {
      // One that was confirmed meanwhile has released its ref.
      if (item.kind === 'receipt' && refs.find(item.ref) === item.id) delivered.add(item.id)
    }
    after = through ?? end
  }
  return delivered
}
