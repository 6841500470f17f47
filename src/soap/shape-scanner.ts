import type { SoapLimits } from './limits.ts'
import {
  type QName,
  type Scanner,
  TOKEN,
  type Token,
  type XmlAttribute,
  XmlError,
  type XmlReader,
} from './scanner.ts'
import { DocumentReader } from './xml-scanner.ts'

/** What a reader gives at one step. Ends have no more than their kind. */
interface Step {
  readonly token: Token
  readonly namespace: string
  readonly local: string
  readonly attributes: readonly XmlAttribute[]
  readonly qname: (value: string) => QName | undefined
  readonly depth: number
}

/**
 * A document that was read, with holes where its plain texts were: `markup` is what stands before, between and after
 * them. Another document with the same markup and other plain texts in the holes reads the same but for those texts.
 */
interface Shape {
  readonly markup: readonly string[]
  readonly steps: readonly Step[]
  readonly limits: SoapLimits
}

/** Shapes are kept for documents up to this long. */
const LONGEST = 8 * 1024
const MOST_HOLES = 64
/** So many shapes are kept; the one found last is looked for first. */
const MOST_SHAPES = 8
/** Reading a document for its shape costs as much as reading it: one of so many that had none is read again. */
const LEARN_EVERY = 16

/** What XML does not allow, and halves of surrogate pairs, which it may not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const SUSPECT = /[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]/

/** Is a text nothing but characters as they are: no reference, no `]]>`, no line end to normalise, nothing that XML does not allow. */
function isPlain(text: string): boolean {
  return !text.includes('&') && !text.includes('\r') && !text.includes(']]>') && !SUSPECT.test(text)
}

/** Reads a document by the steps of its shape. */
class ShapeReader implements XmlReader {
  namespace = ''
  local = ''
  attributes: readonly XmlAttribute[] = []
  text = ''
  depth = 0
  private readonly steps: readonly Step[]
  private readonly texts: readonly string[]
  private at = 0
  private hole = 0
  private start: Step | undefined = undefined

  constructor(steps: readonly Step[], texts: readonly string[]) {
    this.steps = steps
    this.texts = texts
  }

  next(): Token {
    const step = this.steps[this.at]
    if (step === undefined) return TOKEN.eof
    this.at++
    if (step.token === TOKEN.text) {
      const text = this.texts[this.hole++] as string
      // Nothing between two tags is no text.
      if (text === '') return this.next()
      this.text = text
      return TOKEN.text
    }
    this.depth = step.depth
    if (step.token === TOKEN.start) {
      this.start = step
      this.namespace = step.namespace
      this.local = step.local
      this.attributes = step.attributes
    }
    return step.token
  }

  qname(value: string): QName | undefined {
    return this.start?.qname(value)
  }
}

/** The texts of a document in the holes of a shape; undefined: it is of another shape, or its texts are not plain. */
function textsIn(document: string, markup: readonly string[]): string[] | undefined {
  const last = markup.length - 1
  const first = markup[0] as string
  // Measured: slicing and comparing costs a fifth of startsWith.
  if (document.slice(0, first.length) !== first) return undefined
  // With room for all: one that grows takes room for many.
  const texts = new Array<string>(last)
  let at = first.length
  for (let index = 1; index <= last; index++) {
    const end = document.indexOf('<', at)
    const piece = markup[index] as string
    if (end === -1 || document.slice(end, end + piece.length) !== piece) return undefined
    const text = document.slice(at, end)
    if (!isPlain(text)) return undefined
    texts[index - 1] = text
    at = end + piece.length
  }
  return at === document.length ? texts : undefined
}

/** The shape of a document; undefined: it is not well-formed, or not worth it. */
function shapeOf(document: string, limits: SoapLimits): Shape | undefined {
  if (document.length > LONGEST || document.includes('\r')) return undefined
  const reader = new DocumentReader(document, limits)
  const markup: string[] = []
  const steps: Step[] = []
  let from = 0
  for (let token = reader.next(); token !== TOKEN.eof; token = reader.next()) {
    const { namespace, local, attributes, depth } = reader
    const step = { token, namespace, local, attributes, depth, qname: reader.resolver() }
    if (token === TOKEN.text) {
      // A text of several parts (CDATA, comments) or with references is none to put others in its place.
      if (document.slice(reader.textStart, reader.textEnd) !== reader.text || !isPlain(reader.text))
        return undefined
      markup.push(document.slice(from, reader.textStart))
      from = reader.textEnd
      if (markup.length > MOST_HOLES) return undefined
    }
    steps.push(step)
  }
  if (markup.length === 0) return undefined
  return { markup: [...markup, document.slice(from)], steps, limits }
}

/**
 * A scanner that knows documents it has seen before: those that differ from one only in their texts are not scanned but
 * compared. Anything else goes to `scan`, which stays the one that says what is XML. What both yield is the same.
 */
export function createShapeScanner(scan: Scanner): Scanner {
  const shapes: Shape[] = []
  let unknown = 0

  function learn(document: string, limits: SoapLimits): void {
    try {
      const shape = shapeOf(document, limits)
      if (shape === undefined) return
      shapes.unshift(shape)
      if (shapes.length > MOST_SHAPES) shapes.pop()
    } catch (error) {
      if (!(error instanceof XmlError)) throw error
    }
  }

  return (document, limits) => {
    for (let index = 0; index < shapes.length; index++) {
      const shape = shapes[index] as Shape
      if (shape.limits !== limits) continue
      const texts = textsIn(document, shape.markup)
      if (texts === undefined) continue
      if (index > 0) {
        shapes.splice(index, 1)
        shapes.unshift(shape)
      }
      return new ShapeReader(shape.steps, texts)
    }
    const reader = scan(document, limits)
    if (unknown++ % LEARN_EVERY === 0) learn(document, limits)
    return reader
  }
}
