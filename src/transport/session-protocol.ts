import { plainAddress } from '../domain/address.ts'
import { MAX_REF_BYTES } from '../domain/message.ts'
import { MAX_NAME_BYTES } from '../domain/user-name.ts'
import { encodeFault } from '../wire/session.ts'
import type { Protocol } from './protocol.ts'
import { SessionConnection } from './session-connection.ts'
import type { SessionContext, SessionProtocolOptions } from './session-context.ts'

/** How many times those who are silent or slow are looked for, in the shorter of a heartbeat and a request's time. */
const CHECKS = 4

/** The session protocol: one connection, both directions, pipelined, for as long as the user is present (wire-protocol 2). */
export function createSessionProtocol(options: SessionProtocolOptions): Protocol {
  const connections = new Set<SessionConnection>()
  const heartbeatMs = options.heartbeatSeconds * 1000
  const checkMs = Math.min(heartbeatMs, options.requestTimeoutMs) / CHECKS
  let checks = 0
  let stopped = false

  const context: SessionContext = {
    ...options,
    // The longest frame is a SEND: word, ref, recipient, text, and their ends.
    maxFrameBytes: options.maxTextBytes + MAX_REF_BYTES + MAX_NAME_BYTES + 1024,
    heartbeatMs,
    checkMs,
    // Counts checks, not time: a server that was held up does not take its own silence for that of its peers.
    clock: () => checks * checkMs,
    connections,
  }

  const checking = setInterval(() => {
    checks++
    for (const connection of connections) connection.check(checks)
  }, checkMs).unref()

  return {
    name: 'session',
    matches: (firstWord) => firstWord === 'SESSION',
    refusal: (why) => encodeFault('-', 'try-again', why),
    serve(socket, opening) {
      const connection = new SessionConnection(socket, plainAddress(socket.remoteAddress), context)
      connections.add(connection)
      connection.read(opening)
      if (stopped) connection.leave('shutdown')
    },
    stop() {
      stopped = true
      clearInterval(checking)
      for (const connection of connections) connection.leave('shutdown')
    },
  }
}
