import { type Attachment, type Attachments, lostFile } from '../domain/attachments.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { MessageId, Seq } from '../domain/message.ts'
import type { Claim, Messaging, Submission } from '../domain/messaging.ts'
import type { Account } from '../domain/store.ts'
import { parseUserName, type UserName } from '../domain/user-name.ts'
import type { DeliverContext } from './deliver.ts'
import { LocalSession, type SessionRegistry } from './local-session.ts'
import { createSubmissions, type SubmissionsOptions } from './submissions.ts'
import { createUploads } from './uploads.ts'

/** What the service decides by. */
export interface MessagingOptions extends DeliverContext, SubmissionsOptions {
  readonly attachments: Attachments
  /** The longest file, in bytes; 0: none are taken. 10 MiB by default. */
  readonly maxAttachmentBytes?: number
  /** How long an unfinished file may rest, in milliseconds; see `UploadsOptions`. */
  readonly uploadIdleMs?: number
}

/** How many users one listing shows (wire-protocol 2, USERS). */
const MAX_LISTED_USERS = 100
/** The longest file where nothing else is said, in bytes. */
const MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024

/** The service over a backend: who may do what, and what it sets in motion. */
export function createMessaging(options: MessagingOptions): Messaging {
  const { store, attachments, presence, observer } = options
  const { maxAttachmentBytes = MAX_ATTACHMENT_BYTES, uploadIdleMs } = options
  const sessions = new Map<UserName, LocalSession>()
  const ending = new Map<UserName, Promise<void>>()
  const uploads = createUploads({
    attachments,
    maxBytes: maxAttachmentBytes,
    ...(uploadIdleMs === undefined ? {} : { idleMs: uploadIdleMs }),
  })
  const submissions = createSubmissions(options)
  const registry: SessionRegistry = { store, presence, observer, sessions, ending }

  return {
    async register(name, verifier) {
      await store.createAccount(parseUserName(name), verifier)
    },

    async unregister(claim) {
      const { name } = await admit(claim)
      await store.removeAccount(name)
      // Not awaited, as in `disconnect`.
      void sessions.get(name)?.end('unregistered')
    },

    async admit(claim) {
      await admit(claim)
    },

    async connect(claim, channel, { takeover = false, token = '' as ByteString } = {}) {
      const account = await admit(claim)
      const { name } = account
      const open = async () => new LocalSession(registry, account, channel, await store.waiting(name), token)
      let session = await open()
      // Again and again: of those who take over at the same time each ends the one before, and the last one is present.
      while (!(await presence.claim(name, session))) {
        const present = sessions.get(name)
        const givesWay = takeover || present?.idle || (token !== '' && present?.token === token)
        if (present === undefined || !givesWay) {
          throw new Fault('already-connected', 'the user is already connected')
        }
        await present.end('takeover')
        session = await open()
      }
      sessions.set(name, session)
      observer.sessions?.(sessions.size)
      try {
        // Again: the account may have gone, or got a credential, before the session was there to be ended.
        await admit(claim)
      } catch (error) {
        void session.end('disconnected')
        throw error
      }
      return session
    },

    async disconnect(claim) {
      const { name } = await admit(claim)
      const session = sessions.get(name)
      if (session === undefined) throw new Fault('not-connected', 'the user is not connected')
      // Not awaited: what is on its way to a client that reads slowly must not hold up the reply.
      void session.end('disconnected')
    },

    async send(claim, messages, { absent = false } = {}) {
      const sender = claim.name as UserName
      const session = sessions.get(sender)
      const began = performance.now()
      let outcomes: readonly (MessageId | Fault)[]
      try {
        // Whoever holds the session was admitted by CONNECT. Nothing is awaited then: a DISCONNECT that came behind this
        // SEND does not count against it, and a confirmation does not free its ref before it is looked up.
        if (session === undefined || session.proof !== claim.proof) await admit(claim)
        if (session === undefined && !absent) {
          throw notConnected()
        }
        outcomes = await submissions.append(sender, messages)
      } catch (error) {
        const fault = Fault.from(error)
        observer.sent?.(
          messages.map(() => fault),
          performance.now() - began,
        )
        throw error
      }
      observer.sent?.(outcomes, performance.now() - began)
      const recipients = new Set<UserName>()
      for (let i = 0; i < outcomes.length; i++) {
        const outcome = outcomes[i]
        if (typeof outcome !== 'number') continue
        // The store has accepted it, so the recipient is a user.
        const recipient = (messages[i] as Submission).recipient as UserName
        observer.accepted?.(outcome, sender, recipient, sessions.has(recipient))
        recipients.add(recipient)
      }
      for (const recipient of recipients) presence.signal(recipient)
      return outcomes
    },

    async sent(claim, ref) {
      const { name } = await admit(claim)
      return store.sent(name, ref)
    },

    async foresee(claim, { recipient, text, fileBytes }) {
      await admit(claim)
      const refusal = await submissions.refusal(recipient, text, fileBytes)
      if (refusal !== undefined) throw refusal
    },

    async upload(claim, { size, absent = false } = {}) {
      await admit(claim)
      if (!absent && !sessions.has(claim.name as UserName)) throw notConnected()
      return uploads.begin(claim.name as UserName, size)
    },

    async openAttachment(claim, seq) {
      const { name } = await admit(claim)
      const attachment = await waitingAttachment(name, seq)
      const reader = await attachments.open(attachment.id)
      if (reader.size !== attachment.size) {
        await reader.close()
        throw lostFile()
      }
      return {
        ...reader,
        attachment,
        async read(offset, length) {
          await waitingAttachment(name, seq)
          return reader.read(offset, length)
        },
      }
    },

    async setCredential(claim, verifier, holder) {
      const { name } = await admit(claim)
      await store.setVerifier(name, verifier)
      const session = sessions.get(name)
      if (session !== holder) void session?.end('credential')
      else if (session !== undefined) session.proof = verifier
    },

    async users(prefix) {
      const accounts = await store.accounts(prefix, MAX_LISTED_USERS)
      return Promise.all(accounts.map(async ({ name }) => ({ name, online: await presence.online(name) })))
    },

    failure: () => store.failure(),

    async close() {
      await Promise.all([...sessions.values()].map((session) => session.end('shutdown')))
      await uploads.discard()
      await Promise.all(ending.values())
    },
  }

  /** The account that a claim names, if the claim may be believed (wire-protocol 2, last paragraphs). */
  async function admit({ name, proof }: Claim): Promise<Account> {
    const account = await store.account(name)
    if (account === undefined) throw new Fault('no-such-user', 'there is no such user')
    if (account.verifier !== '' && account.verifier !== proof) {
      throw new Fault('not-authenticated', 'this account has a credential: authenticate first')
    }
    return account
  }

  /** The file of a message that waits in the mailbox under this seq. */
  async function waitingAttachment(user: UserName, seq: Seq): Promise<Attachment> {
    const [item] = Number.isSafeInteger(seq) ? await store.read(user, seq - 1, 1) : []
    if (item?.kind === 'message' && item.seq === seq && item.attachment !== undefined) return item.attachment
    throw new Fault('invalid-request', 'no message with a file waits in the mailbox under this seq')
  }
}

function notConnected(): Fault {
  return new Fault('not-connected', 'a user who is not connected cannot send: CONNECT first')
}
