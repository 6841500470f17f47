import { createHash } from 'node:crypto'
import { lostFile } from '../domain/attachments.ts'
import { decodeBase64 } from '../domain/base64.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import { chunkBytes } from '../wire/session.ts'
import { CannotConnect, DamagedFile } from './errors.ts'
import type { SessionConnection } from './session-connection.ts'
import type { SessionReach } from './session-reach.ts'
import { PIECES_AHEAD } from './session-uploads.ts'
import { unlessAborted } from './unless-aborted.ts'

/** A file that waits on the server. */
export interface WaitingFile {
  readonly seq: number
  readonly size: number
  /** Empty: the server has lost it. */
  readonly sha256: string
}

interface Piece {
  readonly bytes: number
  readonly answer: Promise<ByteString>
}

/**
 * The bytes of a file, in pieces, a few of them asked for ahead. Where a connection was lost it goes on at the same place on
 * the next one. Throws a `Fault`, `DamagedFile` at the end when the sum is not what it was to be, or the signal's reason.
 */
export async function* downloadFile(
  reach: SessionReach,
  { seq, size, sha256 }: WaitingFile,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  if (sha256 === '') throw lostFile()
  const hash = createHash('sha256')
  let ahead: Piece[] = []
  let asked = 0
  let connection: SessionConnection | undefined
  for (let offset = 0; offset < size; ) {
    signal?.throwIfAborted()
    connection ??= await unlessAborted(reach.present(), signal)
    let bytes: Uint8Array
    try {
      const most = chunkBytes(connection.terms.maxTextBytes)
      while (ahead.length < PIECES_AHEAD && asked < size) {
        const answer = connection.request('FETCH', [String(seq), String(asked)], { patient: true })
        answer.catch(() => {}) // it is awaited in its turn
        const length = Math.min(most, size - asked)
        ahead.push({ bytes: length, answer })
        asked += length
      }
      const piece = ahead.shift() as Piece
      bytes = pieceOf(await unlessAborted(piece.answer, signal), piece.bytes, connection.address)
    } catch (error) {
      if (error instanceof Fault || !connection.ended || signal?.aborted) throw error
      connection = undefined
      ahead = []
      asked = offset
      continue
    }
    hash.update(bytes)
    offset += bytes.length
    yield bytes
  }
  if (hash.digest('hex') !== sha256) throw new DamagedFile()
}

function pieceOf(text: ByteString, length: number, address: string): Uint8Array {
  const bytes = decodeBase64(text)
  if (bytes?.length === length) return bytes
  throw new CannotConnect(address, `${address} does not keep to the session protocol (FETCH)`)
}
