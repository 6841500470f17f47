import { harmless } from '../domain/harmless.ts'
import type { Observer } from '../domain/observer.ts'
import { isLogged } from './is-logged.ts'
import { shownName as name } from './shown-name.ts'

/** The log in the original's words (wire-protocol 4), one line for each event. Everything that a peer chose is made harmless first. */
export function createPlainLog(write: (line: string) => void): Observer {
  const say = (line: string): void => write(`s> ${line}\n`)

  return {
    request(verb, user, outcome) {
      if (!isLogged(verb, outcome)) return
      say(`${verb} ${name(user)} ${outcome === 'ok' ? 'OK' : 'FAIL'}`)
    },
    accepted(id, sender, recipient, present) {
      if (!present) say(`MESSAGE ${id} FROM ${name(sender)} TO ${name(recipient)} STORED`)
    },
    delivered: (id, sender, recipient) =>
      say(`SEND MESSAGE ${id} FROM ${name(sender)} TO ${name(recipient)}`),
    authenticationFailed: (user, source, code) =>
      say(`AUTH ${user === undefined ? '-' : name(user)} FAIL FROM ${source}: ${code}`),
    gone: (user, why) => say(`DISCONNECT ${name(user)}: ${why}`),
    refused: (remoteAddress, why) => say(`refused a connection from ${remoteAddress}: ${why}`),
    storeHealth: (failure) =>
      say(failure === undefined ? 'the store is well again' : `NOT READY: ${failure}`),
    soapFault: (correlationId, operation, why) =>
      say(`SOAP fault ${correlationId} ${operation}: ${harmless(why)}`),
    internalError: (where, error) =>
      say(`ERROR ${where}: ${error instanceof Error ? error.stack : String(error)}`),
  }
}
