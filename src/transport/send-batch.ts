import type { ByteString } from '../domain/byte-string.ts'
import type { Fault } from '../domain/fault.ts'
import type { MessageId } from '../domain/message.ts'
import type { Submission } from '../domain/messaging.ts'
import { encodeOk } from '../wire/session.ts'

/** The SENDs of one chunk: they go to the service as one batch, and their replies leave together. */
export class SendBatch {
  readonly refs: ByteString[] = []
  readonly submissions: Submission[] = []

  /** Adds the fields of a SEND. */
  add([ref, recipient, text]: readonly ByteString[]): void {
    this.refs.push(ref as ByteString)
    this.submissions.push({
      recipient: recipient as ByteString,
      ref: ref as ByteString,
      text: text as ByteString,
    })
  }

  /** The replies of those that were accepted; each of the others is handed to `refused`. */
  replies(
    outcomes: readonly (MessageId | Fault)[],
    refused: (ref: ByteString, fault: unknown) => void,
  ): string {
    let replies = ''
    for (let i = 0; i < this.refs.length; i++) {
      const ref = this.refs[i] as ByteString
      const outcome = outcomes[i]
      if (typeof outcome === 'number') replies += encodeOk(ref, outcome)
      else refused(ref, outcome)
    }
    return replies
  }
}
