import type { Logger } from 'pino'
import { fromByteString } from '../domain/byte-string.ts'
import { harmless } from '../domain/harmless.ts'
import type { Observer } from '../domain/observer.ts'
import { isLogged } from './is-logged.ts'

/** The log as one JSON object a line. Messages (never their texts) appear from level debug on; an event whose level is off is not even built. */
export function createJsonLog(logger: Logger): Observer {
  const messages: Observer = {
    accepted(id, sender, recipient, present) {
      logger.debug({
        event: 'accepted',
        id,
        sender: fromByteString(sender),
        recipient: fromByteString(recipient),
        present,
      })
    },
    delivered(id, sender, recipient) {
      logger.debug({
        event: 'delivered',
        id,
        sender: fromByteString(sender),
        recipient: fromByteString(recipient),
      })
    },
  }
  return {
    request(verb, user, outcome) {
      if (!isLogged(verb, outcome)) return
      logger.info({ event: 'request', verb, user: fromByteString(user), outcome })
    },
    authenticationFailed: (user, source, code) =>
      logger.warn({
        event: 'authentication-failed',
        user: user === undefined ? undefined : harmless(fromByteString(user)),
        source,
        code,
      }),
    gone: (user, why) => logger.info({ event: 'gone', user: fromByteString(user), why }),
    refused: (remoteAddress, why) => logger.warn({ event: 'refused', remoteAddress, why }),
    storeHealth: (failure) =>
      failure === undefined
        ? logger.warn({ event: 'store-recovered' })
        : logger.error({ event: 'store-failed', failure }),
    soapFault: (correlationId, operation, why) =>
      logger.info({ event: 'soap-fault', correlationId, operation, why }),
    internalError: (where, error) => logger.error({ event: 'internal-error', where, err: error }),
    ...(logger.isLevelEnabled('debug') ? messages : {}),
  }
}
