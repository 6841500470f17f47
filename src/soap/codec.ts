import type { ElementOutline } from './outline.ts'
import type { QName, XmlReader } from './scanner.ts'
import type { SimpleValue } from './simple-type.ts'
import type { SoapStream } from './soap-stream.ts'

/** A decoded element: its text's value, `null` where it was nil, or its attributes and children by name. */
export type SoapValue = SimpleValue | null | SoapStream | SoapRecord | readonly SoapValue[]

/**
 * Attributes and children by their names in the contract; one that may repeat is an array, one that was absent is undefined.
 * A text with attributes is `value` among them. A choice or sequence that may itself repeat is an array of records,
 * in the order of the document, under the name `choice` or `sequence`.
 */
export interface SoapRecord {
  readonly [name: string]: SoapValue | undefined
}

/** A record while it is read. */
export type OpenRecord = Record<string, SoapValue>

/** An element of a contract, compiled: decoding it validates it. */
export interface ElementCodec {
  readonly name: QName
  /** Reads the element on whose start tag the reader stands, to its end tag. Throws a `SoapFault` that says what is wrong. */
  decode(reader: XmlReader): SoapValue
  /**
   * Writes an element into one of `parentNamespace` (undefined: it is the outermost).
   * Throws a `TypeError` or `RangeError` for a value that the contract does not allow.
   */
  encode(value: unknown, parentNamespace?: string): string
  /** A value to show what the element looks like. */
  sample(): SoapValue
  /** What it is, for people and for forms. */
  outline(): ElementOutline
  /** Has it a child or attribute of this name. */
  has(local: string): boolean
  /** Has it elements in it. */
  readonly nested: boolean
  /** Is what it contains a stream. */
  readonly stream: boolean
  /** The elements that may stand in it. */
  inside(): readonly ElementCodec[]
}
