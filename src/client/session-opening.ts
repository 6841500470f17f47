import { type ByteString, fromByteString } from '../domain/byte-string.ts'
import { FAULT_CODES, Fault } from '../domain/fault.ts'
import { SERVER_FRAMES, SESSION_VERSION, SessionDecoder } from '../wire/session.ts'
import { CannotConnect } from './errors.ts'

/** What a server says of itself when a session opens. */
export interface SessionTerms {
  readonly maxTextBytes: number
  readonly window: number
  readonly heartbeatSeconds: number
}

/** The longest first frame. */
const MAX_OPENING_BYTES = 1_024
/** A heartbeat that a timer can keep. */
const MAX_HEARTBEAT_SECONDS = 1_000_000

/**
 * Reads a server's first frame; undefined while it is not complete. `length` is the frame's: what follows is for the decoder
 * of the session, whose limit this frame tells. Throws what became of the session otherwise.
 */
export function decodeOpening(
  address: string,
  bytes: Uint8Array,
): { readonly terms: SessionTerms; readonly length: number } | undefined {
  let length = 0
  let first: readonly ByteString[] = []
  const decoder = new SessionDecoder(SERVER_FRAMES, MAX_OPENING_BYTES, (operation, fields) => {
    if (length > 0) return
    first = [operation as ByteString, ...fields]
    for (const field of first) length += field.length + 1
  })
  const breach = decoder.decode(bytes)
  if (length === 0) {
    if (breach === undefined) return undefined
    throw notOurs(address, breach)
  }
  const [operation = '', version, ...numbers] = first
  if (operation === 'FAULT') throw decodeFault(numbers)
  if (operation !== 'SESSION') throw notOurs(address, `${operation} in place of SESSION`)
  if (version !== SESSION_VERSION) {
    throw new Fault('unsupported-version', `${address} speaks version ${version}, not ${SESSION_VERSION}`)
  }
  const [maxTextBytes = 0, window = 0, heartbeatSeconds = 0] = numbers.map(Number)
  const sense = maxTextBytes > 0 && window > 0 && heartbeatSeconds > 0
  if (!sense || heartbeatSeconds > MAX_HEARTBEAT_SECONDS) throw notOurs(address, 'SESSION without sense')
  return { terms: { maxTextBytes, window, heartbeatSeconds }, length }
}

/** The fault of a FAULT, from the fields after its ref. A code from the future is `unavailable`. */
export function decodeFault([code, reason]: readonly ByteString[]): Fault {
  const known = FAULT_CODES.find((one) => one === code) ?? 'unavailable'
  return new Fault(known, reason === undefined ? known : fromByteString(reason))
}

/** What answers at the address is something else. */
export function notOurs(address: string, what: string): CannotConnect {
  return new CannotConnect(address, `${address} does not answer like a dms server (${what})`)
}
