import { fileURLToPath } from 'node:url'
import { createVerifier } from './client/scram.ts'
import type { Core } from './compose-core.ts'
import { createMessagingPortType, type MessagingPortType } from './port-types/messaging/port-type.ts'
import { textPortType } from './port-types/text.ts'
import { createTurns } from './service/turns.ts'
import type { HeaderHandler } from './soap/context.ts'
import { readContract } from './soap/contract.ts'
import type { PortType } from './soap/dispatch.ts'
import { createSoapEndpoint, type SoapEndpoint } from './soap/endpoint.ts'
import { createSecurityHandler } from './soap/ws-security.ts'
import type { ServiceDescription } from './web/service-description.ts'

/** Passwords of SOAP callers who register that are being turned into verifiers, or wait for that. */
const MAX_REGISTRATIONS = 32

/** The SOAP services of a server. */
export interface SoapServices {
  /** Who answers, by path. */
  readonly endpoints: ReadonlyMap<string, SoapEndpoint>
  /** What their pages and WSDLs tell, by path. */
  readonly descriptions: ReadonlyMap<string, ServiceDescription>
  /** Answers whoever waits for messages. */
  close(): Promise<void>
}

/** Wires the services: a contract of wsdl/, what its operations do, and the header blocks it understands. */
export async function createSoapServices(core: Core): Promise<SoapServices> {
  const security = createSecurityHandler({ now: Date.now })
  const messaging = wireMessaging(core, security)
  const services = [
    ['/', await createService(core, 'text.wsdl', textPortType)],
    ['/messaging', await createService(core, 'messaging.wsdl', messaging.operations, [security])],
  ] as const
  return {
    endpoints: new Map(services.map(([path, { endpoint }]) => [path, endpoint])),
    descriptions: new Map(services.map(([path, { description }]) => [path, description])),
    close: () => messaging.close(),
  }
}

function wireMessaging(core: Core, security: ReturnType<typeof createSecurityHandler>): MessagingPortType {
  const { config, observer, messaging, authentication, requestLimit } = core
  const inTurn = createTurns(MAX_REGISTRATIONS)
  return createMessagingPortType({
    messaging,
    authentication,
    observer,
    security,
    maxTextBytes: config.maxTextBytes,
    maxAttachmentBytes: config.maxAttachmentBytes,
    allowOpen: config.allowOpen,
    allowPlainPasswords: config.allowPlainPasswords,
    openRegistration: config.registration === 'open',
    createVerifier: (password) => inTurn(() => createVerifier(password, 'chosen')),
    takeRequest(address) {
      const allowance = requestLimit.of(address)
      if (allowance.spent()) throw requestLimit.refusal
      allowance.spend(1)
    },
  })
}

async function createService(
  { config, observer }: Core,
  wsdl: string,
  portType: PortType,
  headers: readonly HeaderHandler[] = [],
) {
  const wsdlPath = fileURLToPath(new URL(`../wsdl/${wsdl}`, import.meta.url))
  const contract = await readContract({ wsdlPath })
  const endpoint = createSoapEndpoint({
    contract,
    portType,
    headers,
    limits: config.soapLimits,
    onFault({ correlationId, code, operation = '-', reason, cause, milliseconds }) {
      observer.soapAnswered?.(operation, String(code), milliseconds)
      observer.soapFault?.(correlationId, operation, reason, String(code))
      if (cause !== undefined) observer.internalError?.(`SOAP ${correlationId}`, cause)
    },
    onResult: (operation, milliseconds) => observer.soapAnswered?.(operation, 'ok', milliseconds),
  })
  // A service that reads who calls from a header block has fields for that on its page.
  return { description: { ...contract, credentials: headers.length > 0 }, endpoint }
}
