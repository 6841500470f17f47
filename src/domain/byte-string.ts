declare const brand: unique symbol

/**
 * UTF-8 as a string of bytes: one code unit, 0 to 255, for each byte (Web IDL's `ByteString`).
 *
 * Why: one native call turns what a socket brought into such a string, slices of it cost no copy, and one
 * call turns a tick's replies back into bytes; what travels in between is never decoded. Text that people
 * or other programs read passes through `toByteString` and `fromByteString` at the edge.
 */
export type ByteString = string & { readonly [brand]: 'ByteString' }

/** Encodes a JavaScript string (UTF-16) as UTF-8 bytes. Lone surrogates become U+FFFD, as in the Encoding Standard. */
export function toByteString(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteString
}

/** Decodes UTF-8 bytes to a JavaScript string. The bytes must be valid UTF-8; the wire codecs see to that. */
export function fromByteString(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
