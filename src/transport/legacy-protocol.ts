import type { Socket } from 'node:net'
import { isLoopback, plainAddress } from '../domain/address.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { Fault, type FaultCode } from '../domain/fault.ts'
import type { Claim, Messaging } from '../domain/messaging.ts'
import type { Observer } from '../domain/observer.ts'
import {
  createLegacyDecoder,
  encodeLegacyReply,
  LEGACY_OPERATIONS,
  type LegacyDecoder,
  type LegacyDecoding,
  type LegacyOperation,
} from '../wire/legacy.ts'
import { createDialBudget } from './dial-budget.ts'
import { createLegacyPushChannel, PUSH_PATIENCE, type PushPatience } from './legacy-push-channel.ts'
import type { Protocol } from './protocol.ts'
import { type Dial, dialAndPush } from './push-dial.ts'
import type { RequestLimit } from './request-limit.ts'

/** What the original protocol needs from its surroundings. */
export interface LegacyProtocolOptions {
  readonly messaging: Messaging
  readonly observer: Observer
  /** The longest field, in bytes. */
  readonly maxTextBytes: number
  /** How long a whole request may take to arrive, in milliseconds. */
  readonly requestTimeoutMs: number
  /** Requests from other addresses than loopback: its users prove nothing (wire-protocol 2). */
  readonly allowRemote: boolean
  /** Our own ports, which no CONNECT may make us dial. */
  readonly ownPorts: ReadonlySet<number>
  /** Requests of one source. */
  readonly requestLimit: RequestLimit
  /** How clients are dialled; by default in place. */
  readonly dial?: Dial
  /** With a client that it dials; by default what wire-protocol 1 says. */
  readonly patience?: PushPatience
}

/** The lowest port that a client may name: below stand the system's services. */
const MIN_PUSH_PORT = 1024
const MAX_PORT = 65_535

/** How long a client may take to close after the reply, in milliseconds. COMPAT: the original's never closes after a SEND. */
const LINGER_MS = 1000

/** What a fault means to this protocol. */
type Meaning = 'no such user' | 'user exists' | 'already connected' | 'not connected' | 'other'

const MEANINGS: Readonly<Record<FaultCode, Meaning>> = {
  'no-such-user': 'no such user',
  'user-exists': 'user exists',
  'already-connected': 'already connected',
  'not-connected': 'not connected',
  'not-authenticated': 'other',
  'not-allowed': 'other',
  'invalid-name': 'other',
  'invalid-request': 'other',
  'too-large': 'other',
  'mailbox-full': 'other',
  'try-again': 'other',
  unavailable: 'other',
  'unsupported-version': 'other',
}

/** The reply byte of each operation for each meaning (wire-protocol 1, the table). */
const REPLY_BYTES: Readonly<Record<LegacyOperation, Partial<Record<Meaning, number>> & { other: number }>> = {
  REGISTER: { 'user exists': 1, other: 2 },
  UNREGISTER: { 'no such user': 1, other: 2 },
  CONNECT: { 'no such user': 1, 'already connected': 2, other: 3 },
  DISCONNECT: { 'no such user': 1, 'not connected': 2, other: 3 },
  SEND: { 'no such user': 1, other: 2 },
}

/** What an operation does: the reply's id, if it has one, and what is to happen once the reply is written. */
interface Outcome {
  readonly id?: number
  readonly afterReply?: () => void
}

const DONE: Outcome = {}

/** The original protocol: one request per connection, then the server closes. Takes every connection that no other protocol does. */
export function createLegacyProtocol(options: LegacyProtocolOptions): Protocol {
  const { messaging, observer, maxTextBytes, requestTimeoutMs, allowRemote, ownPorts, requestLimit } = options
  const { dial = dialAndPush, patience = PUSH_PATIENCE } = options
  const dialBudget = createDialBudget(() => performance.now())

  /** One row per operation. Fields come in the order of `LEGACY_OPERATIONS`. */
  const run: Readonly<
    Record<LegacyOperation, (fields: readonly ByteString[], address: string) => Promise<Outcome>>
  > = {
    async REGISTER([user]) {
      await messaging.register(user as ByteString, '' as ByteString)
      return DONE
    },
    async UNREGISTER([user]) {
      await messaging.unregister(claim(user))
      return DONE
    },
    async CONNECT([user, port], address) {
      const channel = createLegacyPushChannel({
        address,
        port: pushPort(port as ByteString),
        dial,
        dialBudget,
        patience,
        observer,
      })
      const session = await messaging.connect(claim(user), channel)
      channel.session = session
      return { afterReply: () => session.start() }
    },
    async DISCONNECT([user]) {
      await messaging.disconnect(claim(user))
      return DONE
    },
    async SEND([sender, recipient, text]) {
      const submission = {
        recipient: recipient as ByteString,
        ref: '' as ByteString,
        text: text as ByteString,
      }
      const [outcome] = await messaging.send(claim(sender), [submission])
      if (outcome instanceof Fault) throw outcome
      return { id: outcome as number }
    },
  }

  // A connection that has sent its request is answered; one that has not is cut by the listener.
  return { name: 'legacy', matches: () => true, serve, stop: () => {} }

  function serve(socket: Socket, opening: Buffer): void {
    const decoder = createLegacyDecoder(LEGACY_OPERATIONS, maxTextBytes)
    const decoding = decoder.decode(opening)
    // Nearly always: a request that fits in a packet comes in one.
    if (decoding.state === 'incomplete') readOn(socket, decoder)
    else void answer(socket, decoding)
  }

  function readOn(socket: Socket, decoder: LegacyDecoder<LegacyOperation>): void {
    // One deadline for the whole request, however it trickles in: a silent connection harms nobody.
    const deadline = setTimeout(() => socket.destroy(), requestTimeoutMs)
    socket.on('close', stopReading)
    socket.on('data', read)
    socket.on('end', abandon)

    function read(chunk: Buffer): void {
      const decoding = decoder.decode(chunk)
      if (decoding.state === 'incomplete') return
      stopReading()
      void answer(socket, decoding)
    }

    function stopReading(): void {
      clearTimeout(deadline)
      socket.off('close', stopReading)
      socket.off('data', read)
      socket.off('end', abandon)
    }

    /** The peer stopped sending in the middle of its request. */
    function abandon(): void {
      socket.destroy()
    }
  }

  async function answer(
    socket: Socket,
    decoding: Exclude<LegacyDecoding<LegacyOperation>, { state: 'incomplete' }>,
  ): Promise<void> {
    const operation = decoding.state === 'complete' ? decoding.frame.operation : decoding.operation
    // An unknown operation gets no reply: the connection is closed (wire-protocol 1).
    if (operation === undefined) return void socket.destroy()
    const user = (decoding.state === 'complete' ? decoding.frame.fields[0] : '') as ByteString
    try {
      if (decoding.state === 'refused') throw new Fault('invalid-request', decoding.why)
      const address = plainAddress(socket.remoteAddress)
      if (!allowRemote && !isLoopback(address)) throw new Fault('not-allowed', 'loopback only')
      const allowance = requestLimit.of(address)
      if (allowance.spent()) throw requestLimit.refusal
      allowance.spend(1)
      const { id, afterReply } = await run[operation](decoding.frame.fields, address)
      observer.request?.(operation, user, 'ok')
      finish(socket, encodeLegacyReply(0, id))
      afterReply?.()
    } catch (error) {
      if (!(error instanceof Fault)) observer.internalError?.(operation, error)
      const { code } = Fault.from(error)
      observer.request?.(operation, user, code)
      const bytes = REPLY_BYTES[operation]
      finish(socket, encodeLegacyReply(bytes[MEANINGS[code]] ?? bytes.other))
    }
  }

  /** The port where the client listens. */
  function pushPort(field: ByteString): number {
    const port = /^\d{1,5}$/.test(field) ? Number(field) : 0
    if (port < MIN_PUSH_PORT || port > MAX_PORT || ownPorts.has(port)) {
      throw new Fault('invalid-request', 'not a port that a client can listen on')
    }
    return port
  }
}

/** COMPAT: this protocol proves nobody's identity; the service refuses such a claim for an account with a credential. */
function claim(user: ByteString | undefined): Claim {
  return { name: user as ByteString, proof: '' as ByteString }
}

/**
 * Writes the reply and closes our side. The connection is not cut: a reset would take a reply that is still on its
 * way with it. What the peer goes on sending is thrown away until it closes or its time is up.
 */
function finish(socket: Socket, reply: Buffer): void {
  const lingering = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.on('close', () => clearTimeout(lingering))
  socket.end(reply)
  socket.resume()
}
