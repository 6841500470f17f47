import type { Core } from './compose-core.ts'
import type { SoapServices } from './compose-soap.ts'
import { createFastHttp } from './soap/fast-http.ts'
import { HeldBytes } from './soap/held-bytes.ts'
import { createSoapHttpHandler } from './soap/http-handler.ts'
import { createLegacyProtocol } from './transport/legacy-protocol.ts'
import { type Listener, openListener, type TlsFiles } from './transport/listener.ts'
import type { Dial } from './transport/push-dial.ts'
import { createSessionProtocol } from './transport/session-protocol.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from './web/http-server.ts'
import { createProxyTrust } from './web/proxy-trust.ts'

/** Opens a listener on this port, with TLS if there are files for it. Rejects with node's error where it cannot. */
type Open<Opened> = (port: number, tls: TlsFiles | undefined) => Promise<Opened>

/** Makes what opens the ports of the socket protocols; the protocols are the same on all of them. Clients of the original one are dialled with `dial`. */
export function createSocketPorts(core: Core, dial: Dial): Open<Listener> {
  const { config, observer, ownPorts, messaging, requestLimit } = core
  const { maxTextBytes, requestTimeoutMs } = config
  const shared = { messaging, observer, maxTextBytes, requestTimeoutMs, requestLimit }
  const session = createSessionProtocol({
    ...shared,
    authentication: core.authentication,
    window: config.window,
    heartbeatSeconds: config.heartbeatSeconds,
    maxUnreadBytes: config.maxUnreadBytes,
    allowOpen: config.allowOpen,
    openRegistration: config.registration === 'open',
  })
  const legacy = createLegacyProtocol({ ...shared, allowRemote: config.allowLegacy, ownPorts, dial })
  return async (port, tls) => {
    const listener = await openListener({
      host: config.host,
      port,
      // The original's programs know no TLS.
      protocols: tls === undefined ? [session, legacy] : [session],
      maxConnections: config.maxConnections,
      maxConnectionsPerAddress: config.maxConnectionsPerAddress,
      openingTimeoutMs: requestTimeoutMs,
      observer,
      tls,
    })
    ownPorts.add(listener.port)
    return listener
  }
}

/** Makes what opens the ports of SOAP and the web app; what is held of SOAP bodies is counted over all of them. */
export function createHttpPorts(
  core: Core,
  { endpoints }: SoapServices,
  app: HttpServerOptions['app'],
): Open<HttpServer> {
  const { config, observer, ownPorts } = core
  const { requestTimeoutMs } = config
  const held = new HeldBytes(config.soapHeldBytes)
  const trusts = createProxyTrust(config.trustProxy)
  const handling = { held, answerTimeoutMs: requestTimeoutMs, trusts }
  return async (port, tls) => {
    const server = await openHttpServer({
      host: config.host,
      port,
      endpoints: new Map(
        [...endpoints].map(([path, endpoint]) => [path, createSoapHttpHandler(endpoint, handling)]),
      ),
      app,
      fastPath: (fast) => createFastHttp({ endpoints, held, trusts, ...fast }),
      limits: config,
      requestTimeoutMs,
      observer,
      tls,
    })
    ownPorts.add(server.port)
    return server
  }
}
