import { SaxesParser, type SaxesTagNS } from 'saxes'
import type { SoapLimits } from '../../src/soap/limits.ts'
import { type Scanner, TOKEN, type Token, type XmlAttribute, XmlError } from '../../src/soap/scanner.ts'
import { isName } from '../../src/soap/xml-characters.ts'

type Prefixes = Readonly<Record<string, string>>

/** The declarations of one element, and those around it. */
interface Scope {
  readonly prefixes: Prefixes
  readonly outer: Scope | undefined
}

interface Recorded {
  readonly token: Token
  readonly namespace: string
  readonly local: string
  readonly attributes: readonly XmlAttribute[]
  readonly text: string
  readonly scope: Scope | undefined
}

const NO_ATTRIBUTES: readonly XmlAttribute[] = []
const XMLNS = 'http://www.w3.org/2000/xmlns/'
const PARSER_OPTIONS = {
  xmlns: true,
  position: false,
  defaultXMLVersion: '1.0',
  forceXMLVersion: true,
} as const

function blank(token: Token, text = ''): Recorded {
  return { token, namespace: '', local: '', attributes: NO_ATTRIBUTES, text, scope: undefined }
}

const END = blank(TOKEN.end)
const EOF = blank(TOKEN.eof)

function attributesOf(tag: SaxesTagNS): readonly XmlAttribute[] {
  const all = Object.values(tag.attributes)
  if (all.length === 0) return NO_ATTRIBUTES
  const attributes: XmlAttribute[] = []
  for (const { uri, local, value } of all) {
    if (uri !== XMLNS) attributes.push({ namespace: uri, local, value })
    // saxes trims namespace names, which would make two different ones the same (Namespaces in XML 1.0, 2.3).
    else if (value !== value.trim()) throw new XmlError('a namespace name has white space at an end')
  }
  return attributes
}

function isEmpty(record: Prefixes): boolean {
  for (const _ in record) return false
  return true
}

/** Reads the whole document before the first token, so nothing is decided by the start of one that is not well-formed. */
function record(document: string, limits: SoapLimits): readonly Recorded[] {
  const recorded: Recorded[] = []
  const parser = new SaxesParser<typeof PARSER_OPTIONS>(PARSER_OPTIONS)
  let scope: Scope | undefined
  const scopes: (Scope | undefined)[] = []
  let text = ''
  let attributes = 0
  let elements = 0

  // saxes takes it off; that is for what decodes bytes.
  if (document.startsWith('\ufeff')) throw new XmlError('there is text before the root element')
  const refuse = (reason: string): never => {
    throw new XmlError(reason)
  }
  const addText = (more: string): void => {
    if (scopes.length > 0) text += more
  }
  const endText = (): void => {
    if (text === '') return
    recorded.push(blank(TOKEN.text, text))
    text = ''
  }

  // saxes takes any character of a name after the colon; there too must be a start (Namespaces 1.0, 4).
  const checkName = (name: string): void => {
    if (!isName(name)) refuse('a name is not well-formed')
  }

  parser.on('error', (error) => refuse(`the XML is not well-formed: ${error.message}`))
  parser.on('doctype', () => refuse('a document type declaration is not allowed'))
  parser.on('processinginstruction', () => refuse('a processing instruction is not allowed'))
  parser.on('xmldecl', ({ version }) => {
    if (version !== '1.0') refuse('the XML version must be 1.0')
  })
  parser.on('text', addText)
  parser.on('cdata', addText)
  // While the tag is being read: a flood of attributes is refused before anything compares them.
  parser.on('attribute', ({ name }) => {
    checkName(name)
    attributes++
    if (attributes > limits.attributes) refuse(`an element has more than ${limits.attributes} attributes`)
  })
  parser.on('opentag', (tag) => {
    checkName(tag.name)
    endText()
    attributes = 0
    elements++
    if (elements > limits.elements) refuse(`the document has more than ${limits.elements} elements`)
    if (scopes.length >= limits.depth) refuse(`elements are nested deeper than ${limits.depth}`)
    scopes.push(scope)
    if (!isEmpty(tag.ns)) scope = { prefixes: tag.ns, outer: scope }
    recorded.push({
      token: TOKEN.start,
      namespace: tag.uri,
      local: tag.local,
      attributes: attributesOf(tag),
      text: '',
      scope,
    })
  })
  parser.on('closetag', () => {
    endText()
    scope = scopes.pop()
    recorded.push(END)
  })
  parser.write(document).close()
  return recorded
}

function resolve(prefix: string, innermost: Scope | undefined): string | undefined {
  for (let scope = innermost; scope !== undefined; scope = scope.outer) {
    const namespace = scope.prefixes[prefix]
    if (namespace !== undefined) return namespace
  }
  return prefix === '' ? '' : undefined
}

/** A scanner over saxes: the measure for ours. */
export const scanWithSaxes: Scanner = (document, limits) => {
  const recorded = record(document, limits)
  let at = 0
  let start = EOF
  let text = ''
  let depth = 0
  return {
    get depth() {
      return depth
    },
    next() {
      const current = recorded[at] ?? EOF
      at++
      if (current.token === TOKEN.end) depth--
      if (current.token === TOKEN.start) {
        start = current
        depth++
      } else if (current.token === TOKEN.text) text = current.text
      return current.token
    },
    get namespace() {
      return start.namespace
    },
    get local() {
      return start.local
    },
    get attributes() {
      return start.attributes
    },
    get text() {
      return text
    },
    qname(value) {
      if (!isName(value)) return undefined
      const colon = value.indexOf(':')
      const namespace = resolve(value.slice(0, Math.max(colon, 0)), start.scope)
      return namespace === undefined ? undefined : { namespace, local: value.slice(colon + 1) }
    },
  }
}
