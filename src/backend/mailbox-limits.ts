import { Fault } from '../domain/fault.ts'
import type { MailboxLimits } from '../domain/store.ts'

/**
 * Why a mailbox does not take a message; undefined: it does. What it would hold with that message: so many items, bytes of
 * texts, and bytes of files (0 where the message has none, since a mailbox full of files still takes words).
 */
export function overLimits(
  limits: MailboxLimits,
  items: number,
  bytes: number,
  fileBytes: number,
): Fault | undefined {
  if (items > limits.items || bytes > limits.bytes) {
    return new Fault('mailbox-full', 'the mailbox of the recipient is full')
  }
  if (fileBytes <= (limits.attachmentBytes ?? Number.POSITIVE_INFINITY)) return undefined
  return new Fault('mailbox-full', 'the mailbox of the recipient has no room for this file')
}
