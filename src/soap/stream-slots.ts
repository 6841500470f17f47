import { isSoapStream, type SoapStream } from './soap-stream.ts'

/** Around a slot's number: what XML can never contain, so no text that was escaped has it. */
const MARK = /\0([0-9]+)\0/

/** Where a stream goes in a document that is written. */
export class StreamSlot {
  readonly stream: SoapStream
  /** Stands in the document in the stream's place. */
  readonly mark: string

  constructor(stream: SoapStream, index: number) {
    this.stream = stream
    this.mark = `\0${index}\0`
  }
}

/** Gives a value in which `replace` has put others into the place of some; it gives undefined for those that stay. */
export function replaceIn(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const replaced = replace(value)
  if (replaced !== undefined) return replaced
  if (Array.isArray(value)) return value.map((one) => replaceIn(one, replace))
  // Dates, bytes and streams are no records.
  if (Object.getPrototypeOf(value) !== Object.prototype || isSoapStream(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, replaceIn(one, replace)]))
}

/** An operation's result with its streams taken out, in the order in which they were found; each has a slot in its place. */
export function takeStreams(output: unknown): {
  readonly output: unknown
  readonly slots: readonly StreamSlot[]
} {
  const slots: StreamSlot[] = []
  const replaced = replaceIn(output, (value) => {
    if (!isSoapStream(value)) return undefined
    const slot = new StreamSlot(value, slots.length)
    slots.push(slot)
    return slot
  })
  return { output: replaced, slots }
}

/** A document cut where its streams go: text, stream, text, …, text. */
export function splitAtSlots(
  document: string,
  slots: readonly StreamSlot[],
): readonly (string | SoapStream)[] {
  return document
    .split(MARK)
    .map((piece, index) => (index % 2 === 0 ? piece : (slots[Number(piece)] as StreamSlot).stream))
}
