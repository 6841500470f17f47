import { type ByteString, toByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'
import { MAX_REF_BYTES } from '../../domain/message.ts'
import type { Messaging } from '../../domain/messaging.ts'
import type { SoapContext } from '../../soap/context.ts'
import { TypedFault } from '../../soap/fault.ts'
import type { Identify } from './caller.ts'
import { aboutCaller } from './typed-faults.ts'

/** What is sent by. */
export interface SendingOptions {
  readonly messaging: Pick<Messaging, 'send' | 'sent'>
  readonly identify: Identify
}

interface SendInput {
  readonly recipient: string
  readonly text: string
  readonly clientMessageId?: string
}

/** Send and GetMessageStatus. The caller need not be present: every call shows who it is. */
export function createSendingOperations({ messaging, identify }: SendingOptions) {
  return {
    async Send({ recipient, text, clientMessageId = crypto.randomUUID() }: SendInput, context: SoapContext) {
      const claim = await identify(context)
      const submission = {
        recipient: toByteString(recipient),
        ref: refOf(clientMessageId),
        text: toByteString(text),
      }
      const [outcome] = await messaging.send(claim, [submission], { absent: true }).catch((error) => {
        throw aboutCaller(error)
      })
      if (typeof outcome !== 'number') throw outcome
      return { messageId: outcome, clientMessageId }
    },

    async GetMessageStatus({ clientMessageId }: { readonly clientMessageId: string }, context: SoapContext) {
      const claim = await identify(context)
      const sent = await messaging.sent(claim, refOf(clientMessageId)).catch((error) => {
        throw aboutCaller(error)
      })
      if (sent === undefined) {
        throw new TypedFault(
          'MessageNotFound',
          'no message of this sender has this clientMessageId, or its receipt was acknowledged',
        )
      }
      return { messageId: sent.id, status: sent.delivered ? 'Delivered' : 'Waiting' }
    },
  }
}

/** A clientMessageId for the service. Throws `invalid-request` for one that cannot be. */
export function refOf(clientMessageId: string): ByteString {
  const ref = toByteString(clientMessageId)
  if (ref.length > 0 && ref.length <= MAX_REF_BYTES) return ref
  throw new Fault('invalid-request', `a clientMessageId has 1 to ${MAX_REF_BYTES} bytes of UTF-8`)
}
