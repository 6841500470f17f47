import { Fault } from '../../domain/fault.ts'
import type { Item } from '../../domain/message.ts'
import type { SoapContext } from '../../soap/context.ts'
import { toDescriptor } from './attachments.ts'
import type { Identify } from './caller.ts'
import { MAX_ENTRIES } from './held-session.ts'
import type { HeldSessions } from './held-sessions.ts'
import { toXmlText } from './xml-text.ts'

/** The longest that a Receive waits, in seconds (soap 4). */
const MAX_WAIT_SECONDS = 60

/** What is received by. */
export interface ReceivingOptions {
  readonly identify: Identify
  readonly sessions: HeldSessions
}

/** Receive and Acknowledge: the mailbox for those who ask for it. */
export function createReceivingOperations({ identify, sessions }: ReceivingOptions) {
  return {
    async Receive(
      { maxMessages, waitSeconds }: { readonly maxMessages: number; readonly waitSeconds: number },
      context: SoapContext,
    ) {
      // Asked for at once: a caller who goes away while its password is checked must be noticed too.
      const { signal } = context
      checkRange('maxMessages', maxMessages, 1, MAX_ENTRIES)
      checkRange('waitSeconds', waitSeconds, 0, MAX_WAIT_SECONDS)
      const claim = await identify(context)
      const poll = { maxEntries: maxMessages, waitMs: waitSeconds * 1000, signal }
      const items = await sessions.use(claim, (held) => held.poll(poll))
      return { entry: items.map(toEntry) }
    },

    async Acknowledge({ seq }: { readonly seq: bigint }, context: SoapContext) {
      const claim = await identify(context)
      // Beyond what a number holds exactly there is no seq either.
      await sessions.use(claim, (held) => held.acknowledge(Number(seq)))
      return {}
    },
  }
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value < least || value > most) {
    throw new Fault('invalid-request', `${name} must be from ${least} to ${most}`)
  }
}

/** An item as wsdl/messaging.wsdl shows it. */
function toEntry(item: Item) {
  const { seq, id: messageId } = item
  if (item.kind === 'receipt') {
    const { ref, recipient } = item
    const clientMessageId = ref === '' ? undefined : toXmlText(ref)
    return { seq, receipt: { messageId, clientMessageId, recipient: toXmlText(recipient) } }
  }
  const { sender, text, acceptedAt, attachment } = item
  const message = {
    messageId,
    sender: toXmlText(sender),
    text: toXmlText(text),
    acceptedAt: new Date(acceptedAt),
    attachment: attachment && toDescriptor(attachment),
  }
  return { seq, message }
}
