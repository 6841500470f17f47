import { isLoopback } from '../domain/address.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { PresenceOptions } from '../domain/messaging.ts'
import type { UserName } from '../domain/user-name.ts'
import type { SessionRequest } from '../wire/session.ts'
import type { SessionPeer } from './session-context.ts'
import { SessionFiles } from './session-files.ts'

/** What a request does. */
interface Operation {
  /** Carries it out; resolves to the result that OK carries. Fields come in the order of `SESSION_REQUESTS`, the ref apart. */
  run(peer: SessionPeer, fields: readonly ByteString[], ref: ByteString): Promise<string>
  /** What follows once OK is on its way. */
  replied?(peer: SessionPeer): void
  /** Whom it is about, for the log. */
  user(peer: SessionPeer, fields: readonly ByteString[]): ByteString | undefined
  /** OK was not the last of it: this is not an outcome yet. */
  unfinished?(peer: SessionPeer): boolean
  /**
   * It is carried out beside what follows it, which does not wait for it: it may take as long as a disk does. So that no more
   * is held than a few pieces of files, one counts as this part of the window.
   */
  readonly beside?: number
}

/** Pieces of files that are read before one of them is written, or asked for before one is read. */
const BESIDE = 1 / 8

const ownUser = ({ session, authenticated }: SessionPeer): ByteString | undefined =>
  session?.user ?? authenticated?.user

/** The requests but for SEND, which goes in batches (wire-protocol 2, the table). */
export const SESSION_OPERATIONS: Readonly<Record<Exclude<SessionRequest, 'SEND'>, Operation>> = {
  REGISTER: {
    async run(peer, [user, verifier]) {
      const { messaging, authentication, openRegistration } = peer.context
      if (!openRegistration)
        throw new Fault('not-allowed', 'registration is closed: ask whoever runs this server')
      if (verifier === '') assertOpenAllowed(peer)
      else authentication.checkVerifier(verifier as ByteString)
      await messaging.register(user as ByteString, verifier as ByteString)
      return ''
    },
    user: (_peer, [user]) => user,
  },

  AUTH: {
    async run(peer, [message], ref) {
      const { exchange } = peer
      // Another ref begins anew.
      peer.exchange = undefined
      if (exchange?.ref === ref) {
        const { serverFinal, ...proof } = await exchange.begun.finish(message as ByteString)
        peer.authenticated = proof
        return serverFinal
      }
      const begun = await peer.context.authentication.begin(message as ByteString, peer.address)
      peer.exchange = { ref, begun }
      return begun.serverFirst
    },
    user: ownUser,
    unfinished: ({ exchange }) => exchange !== undefined,
  },

  CONNECT: {
    async run(peer, [user, mode]) {
      if (peer.session !== undefined) throw new Fault('already-connected', 'DISCONNECT first')
      const options = parseMode(mode as ByteString)
      const claim = peer.claimAs(user as ByteString)
      if (claim.proof === '') assertOpenAllowed(peer)
      const session = await peer.context.messaging.connect(claim, peer, options)
      peer.session = session
      // The peer may have gone meanwhile.
      if (!peer.open) await session.end('gone')
      return String(session.waiting)
    },
    replied: (peer) => peer.session?.start(),
    user: (_peer, [user]) => user,
  },

  DISCONNECT: {
    async run(peer) {
      if (peer.session === undefined) throw new Fault('not-connected', 'nobody is connected here')
      await peer.session.end('disconnected')
      return ''
    },
    user: ownUser,
  },

  ATTACH: {
    async run(peer, [name, size, mediaType]) {
      const files = filesOf(peer)
      return files.attach(peer.claim(), name as ByteString, size as ByteString, mediaType as ByteString)
    },
    user: ownUser,
    beside: BESIDE,
  },

  CHUNK: {
    async run(peer, [upload, offset, bytes]) {
      await filesOf(peer).chunk(upload as ByteString, offset as ByteString, bytes as ByteString)
      return ''
    },
    user: ownUser,
    beside: BESIDE,
  },

  SENDATTACH: {
    async run(peer, [recipient, upload, text], ref) {
      const message = { ref, recipient: recipient as ByteString, text: text as ByteString }
      return String(await filesOf(peer).send(peer.claim(), message, upload as ByteString))
    },
    user: ownUser,
    beside: BESIDE,
  },

  FETCH: {
    async run(peer, [seq, offset]) {
      return filesOf(peer).fetch(peer.claim(), seq as ByteString, offset as ByteString)
    },
    user: ownUser,
    beside: BESIDE,
  },

  UNREGISTER: {
    async run(peer) {
      const claim = peer.claim()
      // The session ends first, as by DISCONNECT, so that this connection stays to carry the reply.
      await peer.session?.end('disconnected')
      await peer.context.messaging.unregister(claim)
      peer.authenticated = undefined
      return ''
    },
    user: ownUser,
  },

  PASSWD: {
    async run(peer, [verifier]) {
      const claim = peer.claim()
      peer.context.authentication.checkVerifier(verifier as ByteString)
      await peer.context.messaging.setCredential(claim, verifier as ByteString, peer.session)
      // Whoever has just set the credential holds the account.
      peer.authenticated = { user: claim.name as UserName, verifier: verifier as ByteString }
      return ''
    },
    user: ownUser,
  },

  USERS: {
    async run(peer, [prefix]) {
      peer.claim()
      const users = await peer.context.messaging.users(prefix as ByteString)
      return users.map(({ name, online }) => `${name} ${online ? 'online' : 'offline'}`).join('\n')
    },
    user: ownUser,
  },

  PING: { run: async () => '', user: ownUser },
}

/** The files of who is present here, or has passed AUTH (decision 11). Throws `not-connected` when nobody is and has. */
function filesOf(peer: SessionPeer): SessionFiles {
  peer.claim()
  peer.files ??= new SessionFiles({ ...peer.context, absent: peer.session === undefined })
  return peer.files
}

/** Empty, `takeover`, or with a token `resume:` and `takeover:`. Throws `invalid-request`. */
function parseMode(mode: ByteString): PresenceOptions {
  const parts = /^(?:takeover|(?:takeover|resume):([!-~]{16,64})|)$/.exec(mode)
  if (parts === null) {
    const forms = 'mode is empty, takeover, resume:TOKEN or takeover:TOKEN'
    throw new Fault('invalid-request', `${forms}, with a token of 16 to 64 printable ASCII characters`)
  }
  const [, token = ''] = parts
  // A copy of its own: a slice would keep all that came with it for as long as the session lasts.
  return {
    takeover: mode.startsWith('takeover'),
    token: Buffer.from(token, 'latin1').toString('latin1') as ByteString,
  }
}

/** Open accounts are for loopback, unless the server was told otherwise (wire-protocol 2, last lines). */
function assertOpenAllowed({ address, context }: SessionPeer): void {
  if (context.allowOpen || isLoopback(address)) return
  throw new Fault('not-authenticated', 'accounts without a credential work on this machine only: AUTH first')
}
