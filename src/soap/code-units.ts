/** A text as numbers: a byte each where it is ASCII, else its UTF-16 units. */
export type CodeUnits = Uint8Array | Uint16Array

/**
 * The code units of a text, for what looks at each of them: strings are slow at that, and pieces of strings put together
 * one by one slower still.
 */
export function codeUnitsOf(text: string): CodeUnits {
  return Buffer.byteLength(text) === text.length ? Buffer.from(text, 'latin1') : utf16UnitsOf(text)
}

/** The same without a look whether it is ASCII. */
export function utf16UnitsOf(text: string): Uint16Array {
  const units = new Uint16Array(text.length)
  Buffer.from(units.buffer).write(text, 'utf16le')
  return units
}

/** The text of the first `length` of them. */
export function textOf(units: CodeUnits, length: number = units.length): string {
  const bytes = Buffer.from(units.buffer, units.byteOffset, length * units.BYTES_PER_ELEMENT)
  return bytes.toString(units.BYTES_PER_ELEMENT === 1 ? 'latin1' : 'utf16le')
}
