import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { toByteString } from '../../src/domain/byte-string.ts'
import { encodeLegacyFrame, type LegacyOperation } from '../../src/wire/legacy.ts'
import type { ServerAddress } from './actor.ts'

/** How long a request may wait for its answer; far beyond what a loaded machine takes. */
const TIMEOUT_MS = 60_000

/** One request of the original protocol, from which the bytes may leave in two goes. */
export interface LegacyRequest {
  readonly socket: Socket
  /** What is still to be sent. */
  finish(): void
  /** Everything up to the server's close; empty when there was no answer. Rejects when the connection is cut. */
  readonly reply: Promise<Buffer>
}

/** Connects and sends the request but for its last `held` bytes. Rejects when nobody listens. */
export async function beginLegacyRequest(
  server: ServerAddress,
  held: number,
  operation: LegacyOperation,
  ...fields: readonly string[]
): Promise<LegacyRequest> {
  const socket = connect({ ...server, noDelay: true })
  await once(socket, 'connect')
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')))
  const bytes = encodeLegacyFrame(operation, ...fields.map(toByteString))
  const sent = bytes.length - held
  socket.write(bytes.subarray(0, sent))
  const reply = read(socket)
  reply.catch(() => {}) // whoever waits for it hears of it
  return { socket, finish: () => void socket.write(bytes.subarray(sent)), reply }
}

/** Asks, and reads to the server's close. Rejects when there is no answer. */
export async function askLegacy(
  server: ServerAddress,
  operation: LegacyOperation,
  ...fields: readonly string[]
): Promise<Buffer> {
  const { reply } = await beginLegacyRequest(server, 0, operation, ...fields)
  const bytes = await reply
  if (bytes.length === 0) throw new Error('closed without an answer')
  return bytes
}

/** The id in the reply to a SEND that was accepted. */
export function acceptedId(reply: Buffer): number {
  return Number(reply.toString('latin1', 1, reply.length - 1))
}

async function read(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
