import { Fault } from '../domain/fault.ts'
import type { Envelope, MessageId } from '../domain/message.ts'
import type { Claim, Messaging, Submission } from '../domain/messaging.ts'
import type { Account } from '../domain/store.ts'
import { parseUserName, type UserName } from '../domain/user-name.ts'
import type { DeliverContext } from './deliver.ts'
import { LocalSession, type SessionRegistry } from './local-session.ts'

/** What the service decides by. */
export interface MessagingOptions extends DeliverContext {
  /** The longest text, in bytes. */
  readonly maxTextBytes: number
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** How many users one listing shows (wire-protocol 2, USERS). */
const MAX_LISTED_USERS = 100

/** The service over a backend: who may do what, and what it sets in motion. */
export function createMessaging(options: MessagingOptions): Messaging {
  const { store, presence, observer, maxTextBytes, now } = options
  const sessions = new Map<UserName, LocalSession>()
  const ending = new Map<UserName, Promise<void>>()
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

    async connect(claim, channel, { takeover = false } = {}) {
      const account = await admit(claim)
      const { name } = account
      const present = sessions.get(name)
      if (takeover || present?.idle) await present?.end('takeover')
      const session = new LocalSession(registry, account, channel, await store.waiting(name))
      if (!(await presence.claim(name, session))) {
        throw new Fault('already-connected', 'the user is already connected')
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

    async send(claim, submissions, { absent = false } = {}) {
      const sender = claim.name as UserName
      const session = sessions.get(sender)
      const began = performance.now()
      let outcomes: readonly (MessageId | Fault)[]
      try {
        // Whoever holds the session was admitted by CONNECT. Nothing is awaited then: a DISCONNECT that came behind this
        // SEND does not count against it, and a confirmation does not free its ref before it is looked up.
        if (session === undefined || session.proof !== claim.proof) await admit(claim)
        if (session === undefined && !absent) {
          throw new Fault('not-connected', 'a user who is not connected cannot send: CONNECT first')
        }
        outcomes = await append(sender, submissions)
      } catch (error) {
        const fault = Fault.from(error)
        observer.sent?.(
          submissions.map(() => fault),
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
        const recipient = (submissions[i] as Submission).recipient as UserName
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

  /** Stores what fits; texts over the limit are refused one by one, the others go on. */
  async function append(
    sender: UserName,
    submissions: readonly Submission[],
  ): Promise<readonly (MessageId | Fault)[]> {
    const acceptedAt = now()
    const envelopes: Envelope[] = []
    for (const { recipient, ref, text } of submissions) {
      if (text.length <= maxTextBytes) envelopes.push({ sender, recipient, ref, text, acceptedAt })
    }
    const outcomes = await store.append(envelopes)
    if (envelopes.length === submissions.length) return outcomes
    let next = 0
    return submissions.map(({ text }) =>
      text.length <= maxTextBytes
        ? (outcomes[next++] as MessageId | Fault)
        : new Fault('too-large', `a text has at most ${maxTextBytes} bytes`),
    )
  }
}
