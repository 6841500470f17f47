import { type MediaType, parseMediaType } from './media-type.ts'
import { Refusal } from './refusal.ts'
import { SOAP_VERSIONS, type SoapVersion, versionByMediaType } from './soap-version.ts'

/** The media type of an envelope whose bytes are in parts of their own (XOP 1.0, 5). */
export const XOP_MEDIA_TYPE = 'application/xop+xml'

/** The media types that are read, for Accept. */
export const ACCEPTABLE = [
  ...SOAP_VERSIONS.map(({ mediaType }) => mediaType),
  `multipart/related; type="${XOP_MEDIA_TYPE}"`,
].join(', ')
const ACCEPT = { Accept: ACCEPTABLE }

/** The Content-Type of a multipart request that carries an envelope and its parts. */
export interface XopMediaType {
  readonly boundary: string
  /** Content-ID of the part with the envelope; undefined: it does not say. */
  readonly start: string | undefined
  readonly version: SoapVersion
  /** What it says of the action, in the places where SOAP 1.2's senders put it. */
  readonly actions: readonly string[]
}

const MULTIPART = /^\s*multipart\//i
/** RFC 2046, 5.1.1. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/

/** Says a Content-Type header that the body has parts. */
export function isMultipart(contentType: string | undefined): boolean {
  return contentType !== undefined && MULTIPART.test(contentType)
}

/** A Content-ID with or without its brackets: what stands in `start` has them, but not from everybody. */
function contentIdOf(start: string): string {
  return start.replace(/^<(.*)>$/, '$1')
}

/**
 * Reads the Content-Type of a multipart request (RFC 2387; XOP 1.0, 4.1; "SOAP 1.1 Binding for MTOM 1.0", 2.1).
 * Throws a `Refusal` for one that is no MTOM.
 */
export function parseXopMediaType(contentType: string): XopMediaType {
  const media = parseMediaType(contentType)
  if (media === undefined) {
    const reason =
      'this Content-Type cannot be read: a parameter is there twice, or its value has to be in quotes'
    throw new Refusal(415, reason, ACCEPT)
  }
  if (media.essence !== 'multipart/related') {
    throw new Refusal(415, 'of multipart bodies, only multipart/related is read', ACCEPT)
  }
  const parameter = (name: string): string | undefined => media.parameters.get(name)
  if (parseMediaType(parameter('type') ?? '')?.essence !== XOP_MEDIA_TYPE) {
    const reason = `of multipart/related, only type="${XOP_MEDIA_TYPE}" (MTOM) is read, not SOAP with Attachments`
    throw new Refusal(415, reason, ACCEPT)
  }
  const startInfo = parseMediaType(parameter('start-info') ?? '')
  const version = versionByMediaType(startInfo?.essence ?? '')
  if (version === undefined) {
    throw new Refusal(415, 'start-info must be "text/xml" or "application/soap+xml"', ACCEPT)
  }
  const boundary = parameter('boundary') ?? ''
  if (!BOUNDARY.test(boundary)) throw new Refusal(400, 'the boundary parameter is missing or not allowed')
  const start = parameter('start')
  return {
    boundary,
    start: start === undefined ? undefined : contentIdOf(start),
    version,
    actions: actionsOf(media, startInfo),
  }
}

/** SOAP 1.2's action (RFC 3902) as the sender says it: beside start-info (WCF), or in it (JAX-WS). */
export function actionsOf(...media: readonly (MediaType | undefined)[]): readonly string[] {
  return media.flatMap((one) => (one?.action === undefined ? [] : [one.action]))
}

/** Does an Accept header ask for MTOM. JAX-WS decides by the same words; a wildcard asks for nothing. */
export function acceptsXop(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes(XOP_MEDIA_TYPE)) return false
  return accept
    .split(',')
    .some((item) => item.includes(XOP_MEDIA_TYPE) && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(item))
}
