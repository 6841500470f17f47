import type { ServerConfig } from './config-server.ts'
import type { Authentication } from './domain/authentication.ts'
import type { Backend } from './domain/backend.ts'
import type { Messaging } from './domain/messaging.ts'
import type { Observer } from './domain/observer.ts'
import { createAuthentication } from './service/authentication.ts'
import { createMessaging } from './service/messaging.ts'
import { createRequestLimit, type RequestLimit } from './transport/request-limit.ts'

/** What every way into a server works with. */
export interface Core {
  readonly config: ServerConfig
  readonly observer: Observer
  readonly store: Backend['store']
  readonly messaging: Messaging
  readonly authentication: Authentication
  /** One limit for all protocols: a source's requests are counted together. */
  readonly requestLimit: RequestLimit
  /** The ports of this server, each from when it is open: no client may make us dial them. */
  readonly ownPorts: Set<number>
}

/** Puts the service over a backend. Its `messaging` is to be closed, before the backend. */
export function createCore(config: ServerConfig, backend: Backend, observer: Observer): Core {
  const { maxTextBytes, maxAttachmentBytes } = config
  const now = () => performance.now()
  return {
    config,
    observer,
    store: backend.store,
    messaging: createMessaging({ ...backend, observer, maxTextBytes, maxAttachmentBytes, now: Date.now }),
    authentication: createAuthentication({
      store: backend.store,
      key: backend.secretKey,
      observer,
      now,
      limits: { perSource: config.loginFailuresPerAddress, perUser: config.loginFailuresPerUser },
    }),
    requestLimit: createRequestLimit(config.maxRequestsPerSecond, now),
    ownPorts: new Set(),
  }
}
