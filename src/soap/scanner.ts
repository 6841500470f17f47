import type { SoapLimits } from './limits.ts'
import type { PartReferences } from './part-references.ts'

/** A name and the namespace it stands in; the empty namespace is none. */
export interface QName {
  readonly namespace: string
  readonly local: string
}

/** An attribute that is not a namespace declaration; its value is normalised as XML 1.0, 3.3.3 says. */
export interface XmlAttribute extends QName {
  readonly value: string
}

/** The kinds of token. */
export const TOKEN = { eof: 0, start: 1, text: 2, end: 3 } as const

/** One of `TOKEN`. */
export type Token = (typeof TOKEN)[keyof typeof TOKEN]

/**
 * A document as a sequence of tokens, pulled. Text between two tags is one token, whatever entities, CDATA and
 * comments it is made of, with line ends as XML 1.0, 2.11 says; comments and what is outside the root are no tokens.
 *
 * The document is well-formed by XML 1.0 and Namespaces 1.0, has neither DTD nor processing instruction and keeps
 * the limits; `next` throws an `XmlError` where it does not.
 */
export interface XmlReader {
  /** Goes to the next token. After the root's end it is `eof`, for good. */
  next(): Token
  /** Namespace of the element of the last `start`. */
  readonly namespace: string
  /** Local name of the element of the last `start`. */
  readonly local: string
  /** Attributes of the element of the last `start`. */
  readonly attributes: readonly XmlAttribute[]
  /** How many elements are open: 1 after the root's `start`. */
  readonly depth: number
  /** Of the last `text`. */
  readonly text: string
  /** Resolves a QName written as a value in the element of the last `start`; undefined: its prefix is not declared. */
  qname(value: string): QName | undefined
  /** Where xop:Include in it points to. Undefined: the document came alone, and xop:Include is an element like any other. */
  readonly parts?: PartReferences
}

/** Makes a reader of a decoded document. May throw an `XmlError` at once. */
export type Scanner = (document: string, limits: SoapLimits) => XmlReader

/** The document is not XML that SOAP allows. The message is for the sender. */
export class XmlError extends Error {}
