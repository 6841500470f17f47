/** What a value of simple type is in JavaScript: what may be larger than a number holds exactly is a bigint; decimals, dates and times are text that was checked. */
export type SimpleValue = string | number | bigint | boolean | Uint8Array

/** What becomes of white space before anything else is looked at (XML Schema part 2, 4.3.6). */
export type WhiteSpace = 'preserve' | 'replace' | 'collapse'

/** A simple type of XML Schema: its lexical form and its value. */
export interface SimpleType {
  /** For people, in faults. */
  readonly name: string
  /** A value to show what one looks like. */
  readonly sample: SimpleValue
  readonly whiteSpace: WhiteSpace
  /** Of a restriction: the built-in type that it is made from. */
  readonly builtIn?: string
  /** Of an enumeration: what it lists. */
  readonly choices?: readonly string[]
  /** May what it says be in a part of its own, by xop:Include (XOP 1.0, 2.1: the canonical form of xs:base64Binary). */
  readonly inPart?: boolean
  /** Undefined: the text, its white space already as `whiteSpace` says, is not of the type. */
  parse(text: string): SimpleValue | undefined
  /** The lexical form, not yet escaped. Throws a `TypeError` for a value that is not of the type. */
  encode(value: unknown): string
  /** What the facets length, minLength and maxLength count. Undefined: the type has none of them. */
  readonly length?: (value: SimpleValue) => number
  /** Less than, equal to or greater than 0, as the facets of order see it. Undefined: the type has none of them. */
  readonly compare?: (a: SimpleValue, b: SimpleValue) => number
}

const NOT_COLLAPSED = /[\t\r\n]|^ | $| {2}/

/** What `WhiteSpace` says, done. */
export const NORMALISE: Readonly<Record<WhiteSpace, (text: string) => string>> = {
  preserve: (text) => text,
  replace: (text) => text.replace(/[\t\r\n]/g, ' '),
  collapse: (text) =>
    NOT_COLLAPSED.test(text) ? text.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '') : text,
}

/** The value of a text; undefined: it is not of the type. */
export function decodeSimple(
  type: Pick<SimpleType, 'parse' | 'whiteSpace'>,
  text: string,
): SimpleValue | undefined {
  return type.parse(type.whiteSpace === 'preserve' ? text : NORMALISE[type.whiteSpace](text))
}
