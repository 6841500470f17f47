import { checkFileName, checkMediaType } from '../domain/attachments.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { Envelope, MessageId } from '../domain/message.ts'
import type { Submission } from '../domain/messaging.ts'
import type { Store } from '../domain/store.ts'
import type { UserName } from '../domain/user-name.ts'

/** What submissions are judged by. */
export interface SubmissionsOptions {
  readonly store: Store
  /** The longest text, in bytes. */
  readonly maxTextBytes: number
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** What senders submit, on its way into the store. */
interface Submissions {
  /** Stores what fits; what is over a limit is refused one by one, the others go on. */
  append(sender: UserName, submissions: readonly Submission[]): Promise<readonly (MessageId | Fault)[]>
  /** Why a message with a file of this size would be refused now; undefined: it would not. */
  refusal(recipient: ByteString, text: ByteString, fileBytes: number): Promise<Fault | undefined>
}

const NOBODY: ReadonlySet<string> = new Set()

/** Judges what is submitted before the store does: its text, its file, and whether its recipient may have one. */
export function createSubmissions({ store, maxTextBytes, now }: SubmissionsOptions): Submissions {
  return {
    append,

    async refusal(recipient, text, fileBytes) {
      const open = (await store.account(recipient))?.verifier === ''
      return tooLong(text) ?? (open ? noCredential() : store.refusal(recipient, text.length, fileBytes))
    },
  }

  async function append(
    sender: UserName,
    submissions: readonly Submission[],
  ): Promise<readonly (MessageId | Fault)[]> {
    const acceptedAt = now()
    const withFiles = submissions.some(({ attachment }) => attachment !== undefined)
    const open = withFiles ? await openAccounts(submissions) : NOBODY
    const envelopes: Envelope[] = []
    let refusals: Map<number, Fault> | undefined
    for (let i = 0; i < submissions.length; i++) {
      const submission = submissions[i] as Submission
      const { recipient, ref, text, attachment } = submission
      const refusal = refusalOf(submission, open)
      if (refusal !== undefined) refusals = (refusals ?? new Map()).set(i, refusal)
      else if (attachment === undefined) envelopes.push({ sender, recipient, ref, text, acceptedAt })
      else envelopes.push({ sender, recipient, ref, text, acceptedAt, attachment })
    }
    const outcomes = await store.append(envelopes)
    if (refusals === undefined) return outcomes
    let next = 0
    return submissions.map((_, i) => refusals.get(i) ?? (outcomes[next++] as MessageId | Fault))
  }

  /** Why a message cannot be sent as it is; undefined: it can. */
  function refusalOf(
    { recipient, text, attachment }: Submission,
    open: ReadonlySet<string>,
  ): Fault | undefined {
    const long = tooLong(text)
    if (long !== undefined || attachment === undefined) return long
    if (open.has(recipient)) return noCredential()
    try {
      checkFileName(attachment.name)
      checkMediaType(attachment.mediaType)
      return undefined
    } catch (error) {
      return Fault.from(error)
    }
  }

  function tooLong(text: ByteString): Fault | undefined {
    if (text.length <= maxTextBytes) return undefined
    return new Fault('too-large', `a text has at most ${maxTextBytes} bytes`)
  }

  /**
   * The recipients whose accounts are open. The original protocol may read their mailboxes, and it knows no files: it would
   * confirm them away. No account loses its credential again, so one that has one when it is asked here has it for good.
   */
  async function openAccounts(submissions: readonly Submission[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (const { recipient, attachment } of submissions) {
      if (attachment !== undefined && (await store.account(recipient))?.verifier === '') found.add(recipient)
    }
    return found
  }
}

function noCredential(): Fault {
  return new Fault(
    'not-allowed',
    'the recipient has no credential, so that a client that cannot take files could read this mailbox: once the ' +
      'recipient has set a password (PASSWD), files can be sent',
  )
}
