import type { HeaderHandler, Headers } from './context.ts'
import { quoteName, SoapFault } from './fault.ts'
import { type QName, TOKEN, type Token, XmlError, type XmlReader } from './scanner.ts'
import type { SoapVersion } from './soap-version.ts'
import { versionByNamespace } from './soap-version.ts'

const NO_HEADERS: Headers = new Map()
/** So many header blocks are named in a fault: there may be thousands, and an answer must not be larger for each of them. */
const MOST_NAMED = 16
const NOT_WHITE = /[^ \t\r\n]/

/** The next token that is not white space; text that is more is a fault, for none belongs where this is called. */
export function nextMarkup(reader: XmlReader, where: string): Token {
  const token = reader.next()
  if (token !== TOKEN.text) return token
  if (NOT_WHITE.test(reader.text)) {
    throw new SoapFault('Sender', `<${quoteName(where)}> must not contain text here`, { location: where })
  }
  return reader.next()
}

/**
 * Goes to the root and says which version's faults its sender reads; the version of the media type where the root
 * is no envelope that we know.
 */
export function versionOfRoot(reader: XmlReader, byMediaType: SoapVersion): SoapVersion {
  reader.next()
  return (reader.local === 'Envelope' ? versionByNamespace(reader.namespace) : undefined) ?? byMediaType
}

/**
 * Reads the envelope from its root to the start of the body's child, and leaves the reader there.
 * Gives what the handlers made of the header blocks. Throws what SOAP says of a wrong version, structure, or a header
 * block that must be understood (soap 2).
 */
export function openRequest(
  reader: XmlReader,
  version: SoapVersion,
  understood: readonly HeaderHandler[],
): Headers {
  checkRoot(reader, version)
  checkAttributes(reader, version)
  let headers = NO_HEADERS
  let token = nextMarkup(reader, 'Envelope')
  if (token === TOKEN.start && isNamed(reader, version, 'Header')) {
    checkAttributes(reader, version)
    headers = readHeader(reader, version, understood)
    token = nextMarkup(reader, 'Envelope')
  }
  if (token !== TOKEN.start || !isNamed(reader, version, 'Body')) {
    throw new SoapFault('Sender', 'the envelope must contain one Body, after at most one Header')
  }
  checkAttributes(reader, version)
  if (nextMarkup(reader, 'Body') !== TOKEN.start) {
    throw new SoapFault('Sender', 'the Body is empty: it must contain the element of an operation')
  }
  return headers
}

/** Reads from the end of the body's child to the end of the document. */
export function closeRequest(reader: XmlReader): void {
  if (nextMarkup(reader, 'Body') !== TOKEN.end) {
    throw new SoapFault('Sender', 'the Body must contain one element')
  }
  if (nextMarkup(reader, 'Envelope') !== TOKEN.end) {
    throw new SoapFault('Sender', 'nothing may follow the Body')
  }
  reader.next()
}

function isNamed(reader: XmlReader, version: SoapVersion, local: string): boolean {
  return reader.local === local && reader.namespace === version.namespace
}

function checkRoot(reader: XmlReader, version: SoapVersion): void {
  if (isNamed(reader, version, 'Envelope')) return
  if (reader.local === 'Envelope' || version.anyRootMismatches) {
    throw new SoapFault(
      'VersionMismatch',
      `the root must be Envelope in ${version.namespace} when the media type is ${version.mediaType}`,
    )
  }
  throw new SoapFault('Sender', 'the root must be a SOAP Envelope')
}

function checkAttributes(reader: XmlReader, version: SoapVersion): void {
  const element = reader.local
  for (const { namespace, local } of reader.attributes) {
    if (namespace === '' && version.qualifiedAttributes.has(element)) {
      throw new SoapFault('Sender', `the attributes of ${element} must be namespace-qualified`)
    }
    if (namespace === version.namespace && local === 'encodingStyle' && version.encodingStyleForbidden) {
      throw new SoapFault('Sender', `encodingStyle is not allowed on ${element}`)
    }
  }
}

/**
 * Reads the blocks that are understood and for us. Those that must be understood and are not are all named in one fault,
 * which comes before what is wrong inside of others (SOAP 1.2 part 1, 2.6 and 5.4.8).
 */
function readHeader(reader: XmlReader, version: SoapVersion, understood: readonly HeaderHandler[]): Headers {
  const notUnderstood: QName[] = []
  const results = new Map<HeaderHandler, unknown>()
  let failure: unknown
  while (nextMarkup(reader, 'Header') === TOKEN.start) {
    const { namespace, local, depth } = reader
    if (namespace === '') throw new SoapFault('Sender', 'header blocks must be namespace-qualified')
    const { must, ours } = addressOf(reader, version)
    const handler = ours
      ? understood.find(({ name }) => name.local === local && name.namespace === namespace)
      : undefined
    if (handler === undefined) {
      if (must && ours) notUnderstood.push({ namespace, local })
    } else if (results.has(handler)) {
      failure ??=
        handler.repeated?.() ??
        new SoapFault('Sender', `there are two header blocks <${local}>`, { location: local })
    } else {
      try {
        results.set(handler, handler.decode(reader))
      } catch (error) {
        if (error instanceof XmlError) throw error
        failure ??= error
      }
    }
    while (reader.depth >= depth) reader.next()
  }
  if (notUnderstood.length > 0) {
    const named = notUnderstood.slice(0, MOST_NAMED)
    const names = named.map(({ local }) => quoteName(local))
    if (notUnderstood.length > MOST_NAMED) names.push(`and ${notUnderstood.length - MOST_NAMED} more`)
    throw new SoapFault('MustUnderstand', `these header blocks are not understood: ${names.join(', ')}`, {
      notUnderstood: named,
    })
  }
  if (failure !== undefined) throw failure
  return results
}

/** Must a block be understood, and is it for us. */
function addressOf(
  reader: XmlReader,
  version: SoapVersion,
): { readonly must: boolean; readonly ours: boolean } {
  let must = false
  let ours = true
  for (const { namespace, local, value } of reader.attributes) {
    if (namespace !== version.namespace) continue
    if (local === version.roleAttribute) ours = version.ourRoles.has(value.trim())
    if (local !== 'mustUnderstand') continue
    const flag = version.mustUnderstand.get(value.trim())
    if (flag === undefined) throw new SoapFault('Sender', 'mustUnderstand must be 0 or 1')
    must = flag
  }
  return { must, ours }
}

/** Goes to the end of the element on whose start the reader stands. */
export function skipElement(reader: XmlReader): void {
  for (let depth = 1; depth > 0; ) {
    const token = reader.next()
    if (token === TOKEN.start) depth++
    else if (token === TOKEN.end) depth--
  }
}
