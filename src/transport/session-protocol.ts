import { MAX_NAME_BYTES } from '../domain/user-name.ts'
import { MAX_REF_BYTES } from '../wire/session.ts'
import { plainAddress } from './address.ts'
import type { Protocol } from './protocol.ts'
import { SessionConnection } from './session-connection.ts'
import type { SessionContext, SessionProtocolOptions } from './session-context.ts'

/** How many times in a heartbeat the silent are looked for. */
const CHECKS_PER_HEARTBEAT = 4
/** Silence for so many heartbeats ends a session (wire-protocol 2, PING). */
const SILENT_HEARTBEATS = 2

/** The session protocol: one connection, both directions, pipelined, for as long as the user is present (wire-protocol 2). */
export function createSessionProtocol(options: SessionProtocolOptions): Protocol {
  const connections = new Set<SessionConnection>()
  const heartbeatMs = options.heartbeatSeconds * 1000
  let now = performance.now()
  let pings = 0
  let stopped = false

  const context: SessionContext = {
    ...options,
    // The longest frame is a SEND: word, ref, recipient, text, and their ends.
    maxFrameBytes: options.maxTextBytes + MAX_REF_BYTES + MAX_NAME_BYTES + 1024,
    clock: () => now,
  }

  const heartbeat = setInterval(() => {
    now = performance.now()
    pings++
    for (const connection of connections) {
      const silent = now - connection.heardAt
      if (silent >= SILENT_HEARTBEATS * heartbeatMs) connection.cut()
      else if (silent >= heartbeatMs) connection.ping(pings)
    }
  }, heartbeatMs / CHECKS_PER_HEARTBEAT).unref()

  return {
    name: 'session',
    matches: (firstWord) => firstWord === 'SESSION',
    serve(socket, opening) {
      const connection = new SessionConnection(socket, plainAddress(socket.remoteAddress), context)
      connections.add(connection)
      socket.on('close', () => connections.delete(connection))
      connection.read(opening)
      if (stopped) connection.leave('shutdown')
    },
    stop() {
      stopped = true
      clearInterval(heartbeat)
      for (const connection of connections) connection.leave('shutdown')
    },
  }
}
