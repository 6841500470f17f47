/** Length of every text, in bytes. */
export const TEXT_BYTES = 100

/** A message's number stands at the beginning of its text, in this many digits. */
export const DIGITS = 8

/** A text whose number is still to be written. */
export const TEXT = Buffer.from('0'.repeat(DIGITS).padEnd(TEXT_BYTES, 'x'), 'latin1')

/** Writes a message's number, always `DIGITS` long. */
export function putNumber(bytes: Buffer, at: number, value: number): void {
  let rest = value
  for (let i = at + DIGITS - 1; i >= at; i--) {
    const tens = (rest / 10) | 0
    bytes[i] = 48 + rest - tens * 10
    rest = tens
  }
}

/** Reads what `putNumber` wrote. */
export function numberAt(bytes: Buffer, at: number): number {
  let value = 0
  for (let i = at; i < at + DIGITS; i++) value = value * 10 + (bytes[i] as number) - 48
  return value
}
