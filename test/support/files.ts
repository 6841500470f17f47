import { createHash } from 'node:crypto'
import type { OutgoingFile } from '../../src/client/outgoing-file.ts'
import type { Attachment, Attachments, StoredFile } from '../../src/domain/attachments.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { NONE } from './words.ts'

/** Bytes that differ from place to place, so that a piece in the wrong place shows. */
export function fileBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff
    bytes[i] = state >> 16
  }
  return bytes
}

/** SHA-256 in lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Uploads bytes and resolves to the file. */
export async function keep(attachments: Attachments, bytes: Uint8Array): Promise<StoredFile> {
  const upload = await attachments.begin(bytes.length)
  await upload.write(bytes)
  return upload.finish()
}

/** A file as it goes with a message. */
export function attached(file: StoredFile, name = 'report.pdf'): Attachment {
  return { ...file, name: toByteString(name), mediaType: NONE }
}

/** Everything that stands in a file. */
export async function readFile(
  attachments: Attachments,
  id: StoredFile['id'],
  piece = 1000,
): Promise<Buffer> {
  const reader = await attachments.open(id)
  const pieces: Uint8Array[] = []
  let offset = 0
  for (;;) {
    const bytes = await reader.read(offset, piece)
    if (bytes.length === 0) break
    pieces.push(bytes)
    offset += bytes.length
  }
  await reader.close()
  return Buffer.concat(pieces)
}

/** A file for a client to send, of these bytes, that comes in pieces of another length than those of the protocol. */
export function outgoing(bytes: Buffer, name = 'report.pdf', piece = 10_000): OutgoingFile {
  return {
    name,
    size: bytes.length,
    mediaType: 'application/pdf',
    async *content() {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
    },
  }
}
