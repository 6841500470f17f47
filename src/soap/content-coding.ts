import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { SoapLimits } from './limits.ts'
import { createTurns } from './turns.ts'

const inflate = promisify(gunzip)
const deflate = promisify(gzip)
/** As many as node has threads for it: more would not be quicker, and all would hold what they have made so far. */
const inTurn = createTurns(4)

/** A small body may grow to this whatever the ratio: repeated text in XML compresses well. */
const RATIO_FROM_BYTES = 64 * 1024
/** A shorter reply fits into one network packet as it is. */
const WORTH_DEFLATING = 1400

/** Why a coded body is not read, with the HTTP status that says so. */
export class CodingError extends Error {
  readonly status: 400 | 413 | 415

  constructor(reason: string, { status, ...options }: ErrorOptions & { status: 400 | 413 | 415 }) {
    super(reason, options)
    this.status = status
  }
}

/** The content codings that are read, for Accept-Encoding. */
export const CODINGS = 'gzip, identity'

/** Does a Content-Encoding header say that the body is as it is. */
export function isIdentity(header: string): boolean {
  return header.trim().toLowerCase() === 'identity'
}

/** Inflates a body with this Content-Encoding, within the limits. Rejects with a `CodingError`. */
export async function inflateBody(header: string, body: Uint8Array, limits: SoapLimits): Promise<Uint8Array> {
  // RFC 9110, 8.4.1.3: x-gzip is the same.
  if (!/^(?:x-)?gzip$/i.test(header.trim())) {
    throw new CodingError('the Content-Encoding is not supported', { status: 415 })
  }
  const byRatio = Math.max(RATIO_FROM_BYTES, body.byteLength * limits.inflateRatio)
  try {
    return await inTurn(() => inflate(body, { maxOutputLength: Math.min(limits.inflatedBytes, byRatio) }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new CodingError('the inflated body is too large', { status: 413, cause: error })
    }
    throw new CodingError('the body is not valid gzip', { status: 400, cause: error })
  }
}

/** Does an Accept-Encoding header take gzip (RFC 9110, 12.5.3), and is the text long enough for it. */
export function wantsGzip(header: string, text: string): boolean {
  if (text.length < WORTH_DEFLATING) return false
  return header.split(',').some((item) => {
    const [coding, ...parameters] = item.toLowerCase().split(';')
    return (
      coding?.trim() === 'gzip' && !parameters.some((parameter) => /^\s*q=0(?:\.0*)?\s*$/.test(parameter))
    )
  })
}

/** Text as gzip. */
export function deflateText(text: string): Promise<Buffer> {
  return inTurn(() => deflate(text))
}
