import { type ByteString, fromByteString } from '../../domain/byte-string.ts'

/** Anything but XML 1.0, 2.2: Char. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const NO_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g

/**
 * A text of the service, for a reply. Other protocols carry characters that XML cannot; they become U+FFFD, as what cannot be
 * shown does: a message that holds one must still be given, or no message behind it ever would be.
 */
export function toXmlText(bytes: ByteString): string {
  return fromByteString(bytes).replace(NO_XML, '\ufffd')
}
