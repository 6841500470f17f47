import type { Logger } from 'pino'
import { harmless } from '../domain/harmless.ts'
import type { Observer } from '../domain/observer.ts'
import { isLogged } from './is-logged.ts'
import { shownName } from './shown-name.ts'

/** The log as one JSON object a line; what peers chose is harmless in it, since people look at it in terminals. Messages (never their texts) appear from level debug on; an event whose level is off is not even built. */
export function createJsonLog(logger: Logger): Observer {
  const messages: Observer = {
    accepted(id, sender, recipient, present) {
      logger.debug({
        event: 'accepted',
        id,
        sender: shownName(sender),
        recipient: shownName(recipient),
        present,
      })
    },
    delivered(id, sender, recipient) {
      logger.debug({
        event: 'delivered',
        id,
        sender: shownName(sender),
        recipient: shownName(recipient),
      })
    },
  }
  return {
    request(verb, user, outcome) {
      if (!isLogged(verb, outcome)) return
      logger.info({ event: 'request', verb, user: shownName(user), outcome })
    },
    authenticationFailed: (user, source, code) =>
      logger.warn({
        event: 'authentication-failed',
        user: user === undefined ? undefined : shownName(user),
        source,
        code,
      }),
    gone: (user, why) => logger.info({ event: 'gone', user: shownName(user), why }),
    refused: (remoteAddress, why) => logger.warn({ event: 'refused', remoteAddress, why }),
    storeHealth: (failure) =>
      failure === undefined
        ? logger.warn({ event: 'store-recovered' })
        : logger.error({ event: 'store-failed', failure }),
    soapFault: (correlationId, operation, why) =>
      logger.info({ event: 'soap-fault', correlationId, operation, why: harmless(why) }),
    internalError: (where, error) => logger.error({ event: 'internal-error', where, err: error }),
    ...(logger.isLevelEnabled('debug') ? messages : {}),
  }
}
