import type { QName } from './scanner.ts'

/** A text, as a person writes it. */
export interface SimpleOutline {
  /** Name of its type. */
  readonly type: string
  /** The built-in type that it is made from, for instance `int`. */
  readonly builtIn: string
  /** A text of the type. */
  readonly sample: string
  /** All that it can be. Undefined: too many to list. */
  readonly choices: readonly string[] | undefined
}

/** An attribute of an element. */
export interface AttributeOutline {
  readonly name: QName
  readonly required: boolean
  /** What it must be. */
  readonly fixed: string | undefined
  readonly simple: SimpleOutline
}

/** An element as the contract has it, for people and for forms. */
export interface ElementOutline {
  readonly name: QName
  /** Name of its type; undefined: it has none. */
  readonly type: string | undefined
  readonly documentation: string
  readonly nillable: boolean
  readonly attributes: readonly AttributeOutline[]
  /** The text inside. Undefined: there is none. */
  readonly simple: SimpleOutline | undefined
  /** Is the text inside bytes that may come as a part of their own, a file (`xmime:expectedContentTypes`). */
  readonly stream: boolean
  /** The elements inside, which may contain this one again. Undefined: there are none. */
  content(): PartOutline | undefined
}

/** An element, or a group of parts, that stands `min` to `max` (perhaps infinitely many) times. */
export interface PartOutline {
  readonly kind: 'element' | 'sequence' | 'choice' | 'any'
  readonly min: number
  readonly max: number
  /** Of a group. */
  readonly inside: readonly PartOutline[]
  /** Of an element. */
  readonly element: ElementOutline | undefined
}
