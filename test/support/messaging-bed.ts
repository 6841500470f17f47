import { fileURLToPath } from 'node:url'
import { createVerifier } from '../../src/client/scram.ts'
import type { Backend } from '../../src/domain/backend.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import type { Messaging } from '../../src/domain/messaging.ts'
import type { Observer } from '../../src/domain/observer.ts'
import type { Store } from '../../src/domain/store.ts'
import {
  createMessagingPortType,
  type MessagingPortTypeOptions,
} from '../../src/port-types/messaging/port-type.ts'
import type { AttemptLimits } from '../../src/service/attempt-limit.ts'
import { readContract } from '../../src/soap/contract.ts'
import { createSoapEndpoint, type SoapEndpoint } from '../../src/soap/endpoint.ts'
import type { SoapResponse } from '../../src/soap/exchange.ts'
import type { SoapFailure } from '../../src/soap/failure.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import { createSecurityHandler } from '../../src/soap/ws-security.ts'
import {
  type Answer,
  type CallOptions,
  envelope,
  listOf,
  MEDIA,
  PASSWORD,
  readAnswer,
  request,
  usernameToken,
} from './messaging-calls.ts'
import { openServer } from './server.ts'
import { dialSessionPeer, type SessionPeer } from './session-peer.ts'
import { NONE, user } from './words.ts'

/** An entry of a mailbox, as Receive gives it. */
export interface Entry {
  readonly seq: string
  readonly message?: Readonly<Record<string, string>>
  readonly receipt?: Readonly<Record<string, string>>
}

/** A user who calls with a UsernameToken. */
export interface Caller {
  send(recipient: string, text: string, clientMessageId?: string, options?: CallOptions): Promise<Answer>
  /** The entries; throws the fault. */
  receive(maxMessages?: number, waitSeconds?: number, options?: CallOptions): Promise<readonly Entry[]>
  /** The same with faults as answers. */
  poll(maxMessages: number, waitSeconds: number, options?: CallOptions): Promise<Answer>
  acknowledge(seq: number | string, options?: CallOptions): Promise<Answer>
  status(clientMessageId: string, options?: CallOptions): Promise<Answer>
  users(prefix?: string, options?: CallOptions): Promise<Answer>
  unregister(options?: CallOptions): Promise<Answer>
  /** Any body's element. */
  call(body: string, options?: CallOptions): Promise<Answer>
}

/** The messaging service over SOAP and sessions, over one backend, in this process. */
export interface MessagingBed {
  readonly store: Store
  readonly messaging: Messaging
  readonly endpoint: SoapEndpoint
  readonly failures: readonly SoapFailure[]
  /** Accounts with `PASSWORD`. */
  add(...names: readonly string[]): Promise<void>
  /** Accounts without a credential. */
  addOpen(...names: readonly string[]): Promise<void>
  call(body: string, options?: CallOptions): Promise<Answer>
  as(name: string, password?: string): Caller
  /** A connection of the session protocol on which this user, whose account is open, is present. */
  join(name: string): Promise<SessionPeer>
  /** A connection with an open session. */
  dial(): Promise<SessionPeer>
  /** A token for HTTP. */
  issueToken(name: string): Promise<string>
  /** Resolves when so many users are present. */
  present(count: number): Promise<void>
  /** Stops receiving, as a shutdown does first. */
  stopReceiving(): Promise<void>
  close(): Promise<void>
}

/** What a test may want otherwise. */
export interface MessagingBedOptions
  extends Partial<
    Pick<
      MessagingPortTypeOptions,
      | 'allowOpen'
      | 'allowPlainPasswords'
      | 'openRegistration'
      | 'takeRequest'
      | 'graceMs'
      | 'mostReceivers'
      | 'maxTextBytes'
      | 'maxAttachmentBytes'
    >
  > {
  readonly backend?: Backend
  readonly observer?: Observer
  /** The clock of Created and Timestamp. */
  readonly now?: () => number
  readonly wrapMessaging?: (messaging: Messaging) => Messaging
  /** How many guesses are taken. */
  readonly attemptLimits?: AttemptLimits
}

/** A response's body, whole. */
async function textOf({ body }: SoapResponse): Promise<string> {
  if (typeof body === 'string' || body instanceof Uint8Array) return String(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body.chunks()) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Starts one. */
export async function openMessagingBed(options: MessagingBedOptions = {}): Promise<MessagingBed> {
  const {
    backend,
    wrapMessaging,
    attemptLimits,
    maxTextBytes = 1000,
    maxAttachmentBytes = 10_000_000,
    now = Date.now,
  } = options
  const failures: SoapFailure[] = []
  const presences = new Set<() => void>()
  let present = 0
  const observer: Observer = {
    ...options.observer,
    sessions(open) {
      present = open
      for (const look of presences) look()
    },
  }
  const server = await openServer({
    observer,
    maxTextBytes,
    maxAttachmentBytes,
    ...(backend === undefined ? {} : { backend }),
    ...(wrapMessaging === undefined ? {} : { wrapMessaging }),
    ...(attemptLimits === undefined ? {} : { attemptLimits }),
  })
  const { messaging, authentication } = server
  const { store } = server.backend
  const security = createSecurityHandler({ now })
  const portType = createMessagingPortType({
    allowOpen: false,
    allowPlainPasswords: false,
    openRegistration: true,
    takeRequest: () => {},
    ...options,
    messaging,
    authentication,
    observer,
    security,
    maxTextBytes,
    maxAttachmentBytes,
    createVerifier: (password) => createVerifier(password, 'generated'),
  })
  const wsdlPath = fileURLToPath(new URL('../../wsdl/messaging.wsdl', import.meta.url))
  const endpoint = createSoapEndpoint({
    contract: await readContract({ wsdlPath }),
    portType: portType.operations,
    headers: [security],
    limits: { ...DEFAULT_SOAP_LIMITS, attachmentBytes: maxAttachmentBytes },
    onFault: (failure) => failures.push(failure),
  })
  const peers: SessionPeer[] = []

  async function call(body: string, options: CallOptions = {}): Promise<Answer> {
    const { version = '1.1', authorization, address = '127.0.0.1', secure = false, gone } = options
    const response = await endpoint.handle({
      caller: {
        authorization,
        remoteAddress: address,
        secure,
        forwarded: false,
        onGone: (listener) => gone?.addEventListener('abort', listener),
      },
      contentType: MEDIA[version].type,
      contentEncoding: undefined,
      acceptEncoding: undefined,
      soapAction: undefined,
      body: Buffer.from(envelope(body, options)),
    })
    return readAnswer(response.status, await textOf(response))
  }

  function as(name: string, password: string | undefined = PASSWORD): Caller {
    const header = usernameToken(name, password === '' ? undefined : password)
    const made = (
      operation: string,
      fields: Readonly<Record<string, string | number | undefined>>,
      options?: CallOptions,
    ) => call(request(operation, fields), { header, ...options })
    const poll: Caller['poll'] = (maxMessages, waitSeconds, options) =>
      made('Receive', { maxMessages, waitSeconds }, options)
    return {
      poll,
      send: (recipient, text, clientMessageId, options) =>
        made('Send', { recipient, text, clientMessageId }, options),
      async receive(maxMessages = 100, waitSeconds = 0, options = {}) {
        const { result, fault } = await poll(maxMessages, waitSeconds, options)
        if (result === undefined) throw new Error(`${fault?.name}: ${fault?.reason}`)
        return listOf<Entry>(result.entry)
      },
      acknowledge: (seq, options) => made('Acknowledge', { seq }, options),
      status: (clientMessageId, options) => made('GetMessageStatus', { clientMessageId }, options),
      users: (prefix, options) => made('ListUsers', { prefix }, options),
      unregister: (options) => made('Unregister', {}, options),
      call: (body, options) => call(body, { header, ...options }),
    }
  }

  async function dial(): Promise<SessionPeer> {
    const peer = await dialSessionPeer(server.port)
    peers.push(peer)
    peer.send(['SESSION', '1'])
    await peer.take('SESSION')
    return peer
  }

  return {
    store,
    messaging,
    endpoint,
    failures,
    call,
    as,
    dial,
    async add(...names) {
      const verifier = await createVerifier(PASSWORD, 'generated')
      for (const name of names) await store.createAccount(user(name), verifier)
    },
    async addOpen(...names) {
      for (const name of names) await store.createAccount(user(name), NONE)
    },
    async join(name) {
      const peer = await dial()
      expect((await peer.ask('CONNECT', name, ''))[0]).toBe('OK')
      return peer
    },
    issueToken: async (name) =>
      authentication.issueToken(toByteString(name), Math.floor(Date.now() / 1000) + 3600),
    present: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (present !== count) return
          presences.delete(look)
          resolve()
        }
        presences.add(look)
        look()
      }),
    stopReceiving: () => portType.close(),
    async close() {
      await portType.close()
      for (const peer of peers) await peer.close()
      await server.close()
    },
  }
}
