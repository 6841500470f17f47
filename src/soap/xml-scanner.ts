import type { SoapLimits } from './limits.ts'
import { resolveReferences } from './references.ts'
import {
  type QName,
  type Scanner,
  TOKEN,
  type Token,
  type XmlAttribute,
  XmlError,
  type XmlReader,
} from './scanner.ts'
import { endOfName, hasOnlyXmlCharacters, isName, withoutReturns } from './xml-characters.ts'
import { checkDeclaration, declaredPrefix, Scope } from './xml-scope.ts'

const LESS = 0x3c
const GREATER = 0x3e
const SLASH = 0x2f
const BANG = 0x21
const QUESTION = 0x3f
const EQUALS = 0x3d
const SPACE = 0x20
const QUOTE = 0x22
const APOSTROPHE = 0x27

/** XML 1.0, 2.8 [23]. */
const XML_DECLARATION =
  /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.0"|'1\.0')(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>/

/** Line ends are one character before anything else is looked at (XML 1.0, 2.11), so a carriage return is none here. */
function isWhite(code: number): boolean {
  return code === SPACE || code === 0x0a || code === 0x09
}

const INSTRUCTION = 'a processing instruction is not allowed, or the XML declaration is wrong'

const NO_ATTRIBUTES: readonly XmlAttribute[] = []

interface OpenElement {
  /** As it is written, for the end tag. */
  readonly name: string
  /** The scope around it. */
  readonly outer: Scope | undefined
}

/**
 * One document, read from its start to its end; what is looked at, is looked at once. The document has only characters
 * that XML allows, and no carriage return.
 */
export class DocumentReader implements XmlReader {
  namespace = ''
  local = ''
  attributes = NO_ATTRIBUTES
  text = ''
  /** Where the last `text` stands in the document. */
  textStart = 0
  /** Where the markup after it begins. */
  textEnd = 0

  private readonly document: string
  private readonly limits: SoapLimits
  private readonly hasReferences: boolean
  private readonly hasSectionEnds: boolean
  private readonly open: OpenElement[] = []
  private scope: Scope | undefined = undefined
  private at = 0
  private elements = 0
  /** The last tag was an empty element's: its end comes next. */
  private endIsNext = false

  constructor(document: string, limits: SoapLimits) {
    this.document = document
    this.limits = limits
    this.hasReferences = document.includes('&')
    this.hasSectionEnds = document.includes(']]>')
  }

  get depth(): number {
    return this.open.length
  }

  next(): Token {
    if (this.endIsNext) {
      this.endIsNext = false
      return this.endElement()
    }
    if (this.open.length === 0) return this.outsideRoot()
    const { document } = this
    const isTag = document.charCodeAt(this.at) === LESS && document.charCodeAt(this.at + 1) !== BANG
    if (!isTag && this.readText()) return TOKEN.text
    const code = document.charCodeAt(this.at + 1)
    if (code === SLASH) return this.readEndTag()
    return this.readStartTag(code)
  }

  qname(value: string): QName | undefined {
    return resolveName(this.scope, value)
  }

  /** What `qname` does now, for later. */
  resolver(): (value: string) => QName | undefined {
    const { scope } = this
    return (value) => resolveName(scope, value)
  }

  /** Before the root: to its start tag. After it: to the end of the document. */
  private outsideRoot(): Token {
    const { document } = this
    if (this.at === 0 && document.startsWith('<?xml'))
      this.at = XML_DECLARATION.exec(document)?.[0].length ?? 0
    for (;;) {
      this.skipWhite()
      if (!document.startsWith('<!--', this.at)) break
      this.skipComment()
    }
    if (document.startsWith('<?', this.at)) throw new XmlError(INSTRUCTION)
    const atEnd = this.at === document.length
    if (this.elements > 0) {
      if (!atEnd) throw new XmlError('there is something after the root element')
      return TOKEN.eof
    }
    if (atEnd) throw new XmlError('there is no root element')
    if (document.charCodeAt(this.at) !== LESS) throw new XmlError('there is text before the root element')
    if (document.startsWith('<!DOCTYPE', this.at)) {
      throw new XmlError('a document type declaration is not allowed')
    }
    return this.readStartTag(document.charCodeAt(this.at + 1))
  }

  /** Reads text to the next tag, through CDATA and comments; false: there is none. */
  private readText(): boolean {
    const { document } = this
    const start = this.at
    let text = ''
    for (;;) {
      const end = document.indexOf('<', this.at)
      if (end === -1) throw new XmlError('the document ends inside an element')
      if (end > this.at) text += this.characters(end)
      if (document.charCodeAt(end + 1) !== BANG) break
      if (document.startsWith('<!--', end)) this.skipComment()
      else if (document.startsWith('<![CDATA[', end)) {
        const close = document.indexOf(']]>', end + 9)
        if (close === -1) throw new XmlError('a CDATA section has no end')
        text += document.slice(end + 9, close)
        this.at = close + 3
      } else throw new XmlError('a document type declaration is not allowed')
    }
    this.text = text
    this.textStart = start
    this.textEnd = this.at
    return text !== ''
  }

  private characters(end: number): string {
    const raw = this.document.slice(this.at, end)
    this.at = end
    if (this.hasSectionEnds && raw.includes(']]>')) throw new XmlError(']]> is not allowed in text')
    return this.hasReferences ? resolveReferences(raw) : raw
  }

  private skipWhite(): void {
    while (isWhite(this.document.charCodeAt(this.at))) this.at++
  }

  private skipComment(): void {
    const end = this.document.indexOf('--', this.at + 4)
    if (end === -1 || this.document.charCodeAt(end + 2) !== GREATER) {
      throw new XmlError('a comment has no end, or -- in it')
    }
    this.at = end + 3
  }

  private readEndTag(): Token {
    const { document } = this
    const { name } = this.open[this.open.length - 1] as OpenElement
    if (!document.startsWith(name, this.at + 2)) throw new XmlError('an end tag does not match its start tag')
    this.at += 2 + name.length
    if (document.charCodeAt(this.at) !== GREATER) {
      this.skipWhite()
      if (document.charCodeAt(this.at) !== GREATER)
        throw new XmlError('an end tag does not match its start tag')
    }
    this.at++
    return this.endElement()
  }

  private endElement(): Token {
    this.scope = (this.open.pop() as OpenElement).outer
    return TOKEN.end
  }

  private readStartTag(first: number): Token {
    if (first === QUESTION) throw new XmlError(INSTRUCTION)
    const { document, limits } = this
    const start = this.at + 1
    const end = endOfName(document, start)
    if (end === start) throw new XmlError('a tag has no name, or a wrong one')
    if (++this.elements > limits.elements) {
      throw new XmlError(`the document has more than ${limits.elements} elements`)
    }
    if (this.open.length >= limits.depth)
      throw new XmlError(`elements are nested deeper than ${limits.depth}`)
    const name = document.slice(start, end)
    this.open.push({ name, outer: this.scope })
    this.at = end
    this.attributes = NO_ATTRIBUTES
    if (document.charCodeAt(end) !== GREATER) this.readRestOfTag()
    else this.at++

    const colon = name.indexOf(':')
    this.local = colon === -1 ? name : name.slice(colon + 1)
    this.namespace = this.resolve(colon === -1 ? '' : name.slice(0, colon))
    return TOKEN.start
  }

  private resolve(prefix: string): string {
    const namespace = Scope.resolve(this.scope, prefix)
    if (namespace === undefined) throw new XmlError('a prefix is not declared')
    return namespace
  }

  /** Attributes, declarations, and the end of the tag. */
  private readRestOfTag(): void {
    const { document } = this
    const { outer } = this.open[this.open.length - 1] as OpenElement
    const names: string[] = []
    let qualified: XmlAttribute[] | undefined
    for (;;) {
      const before = this.at
      this.skipWhite()
      const code = document.charCodeAt(this.at)
      if (code === GREATER) {
        this.at++
        break
      }
      if (code === SLASH && document.charCodeAt(this.at + 1) === GREATER) {
        this.at += 2
        this.endIsNext = true
        break
      }
      if (this.at === before) throw new XmlError('a tag is not well-formed')
      const name = this.readAttributeName(names)
      const value = this.readAttributeValue()
      const prefix = declaredPrefix(name)
      if (prefix === undefined) {
        qualified ??= []
        qualified.push({ namespace: '', local: name, value })
      } else {
        checkDeclaration(prefix, value)
        if (this.scope === outer) this.scope = new Scope(prefix, value, outer)
        else this.scope?.add(prefix, value)
      }
    }
    if (qualified !== undefined) this.attributes = this.qualify(qualified)
  }

  private readAttributeName(names: string[]): string {
    const end = endOfName(this.document, this.at)
    if (end === this.at) throw new XmlError('a tag is not well-formed')
    const name = this.document.slice(this.at, end)
    this.at = end
    if (names.length >= this.limits.attributes) {
      throw new XmlError(`an element has more than ${this.limits.attributes} attributes`)
    }
    if (names.includes(name)) throw new XmlError('an element has an attribute twice')
    names.push(name)
    return name
  }

  private readAttributeValue(): string {
    const { document } = this
    this.skipWhite()
    if (document.charCodeAt(this.at) !== EQUALS) throw new XmlError('an attribute has no value')
    this.at++
    this.skipWhite()
    const quote = document.charCodeAt(this.at)
    if (quote !== QUOTE && quote !== APOSTROPHE) throw new XmlError('the value of an attribute is not quoted')
    const end = document.indexOf(quote === QUOTE ? '"' : "'", this.at + 1)
    if (end === -1) throw new XmlError('the value of an attribute has no end')
    const raw = document.slice(this.at + 1, end)
    this.at = end + 1
    if (raw.includes('<')) throw new XmlError('< is not allowed in the value of an attribute')
    // XML 1.0, 3.3.3: white space as it is written is a blank; by reference it stays.
    const normalised = raw.replace(/[\t\n]/g, ' ')
    return this.hasReferences ? resolveReferences(normalised) : normalised
  }

  /** Puts namespaces to the prefixes of attributes, once all declarations are known (Namespaces 1.0, 6.3). */
  private qualify(attributes: XmlAttribute[]): readonly XmlAttribute[] {
    for (let index = 0; index < attributes.length; index++) {
      const { local: name, value } = attributes[index] as XmlAttribute
      const colon = name.indexOf(':')
      if (colon === -1) continue
      const namespace = this.resolve(name.slice(0, colon))
      const local = name.slice(colon + 1)
      for (let other = 0; other < index; other++) {
        const earlier = attributes[other] as XmlAttribute
        if (earlier.local === local && earlier.namespace === namespace) {
          throw new XmlError('an element has an attribute twice')
        }
      }
      attributes[index] = { namespace, local, value }
    }
    return attributes
  }
}

function resolveName(scope: Scope | undefined, value: string): QName | undefined {
  if (!isName(value)) return undefined
  const colon = value.indexOf(':')
  const namespace = Scope.resolve(scope, value.slice(0, Math.max(colon, 0)))
  return namespace === undefined ? undefined : { namespace, local: value.slice(colon + 1) }
}

/** The scanner that says what is XML: pulls tokens straight from the document. Tests hold it against saxes. */
export const scanXml: Scanner = (document, limits) => {
  if (!hasOnlyXmlCharacters(document))
    throw new XmlError('the document has a character that XML does not allow')
  return new DocumentReader(withoutReturns(document), limits)
}
