import type { ByteString } from './byte-string.ts'

/** Encodes bytes as base64 (RFC 4648, section 4, padded). */
export function encodeBase64(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') as ByteString
}

/** Decodes base64 as `encodeBase64` writes it; undefined for any other spelling: one value has one text. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
