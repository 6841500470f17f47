import { basename, extname } from 'node:path'

/** The longest name that a file is saved under, in bytes: leaves room for a number. */
const MAX_BYTES = 200
/** The longest end after a dot that is kept when a name is cut, in bytes. */
const MAX_EXTENSION_BYTES = 20

/** Names that are devices on Windows, with any extension; whoever copies the folder there would meet them. */
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i

/**
 * The name that a sender gave a file, made into one that is safe to save under and to show: its last part only, without control,
 * bidi and other invisible characters, without a leading dot or dash, not a device, not too long. Never empty.
 */
export function safeFileName(name: string): string {
  const last = basename(name.replaceAll('\\', '/'))
  const plain = last
    .normalize('NFC')
    .replace(/[\p{C}\u2028\u2029]/gu, '')
    .replace(/[<>:"/|?*]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[\s.-]+|[\s.]+$/g, '')
  const whole = RESERVED.test(plain) ? `_${plain}` : plain
  return cut(whole === '' ? 'file' : whole)
}

/** The same name with a number, for when it is taken: `report (2).pdf`; 0 is the name itself. */
export function numberedFileName(name: string, number: number): string {
  if (number === 0) return name
  const extension = extname(name)
  return `${name.slice(0, name.length - extension.length)} (${number})${extension}`
}

function cut(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  const found = extname(name)
  const extension = Buffer.byteLength(found) > MAX_EXTENSION_BYTES ? '' : found
  let room = MAX_BYTES - Buffer.byteLength(extension)
  let kept = ''
  for (const char of name) {
    room -= Buffer.byteLength(char)
    if (room < 0) break
    kept += char
  }
  return kept.trimEnd() + extension
}
