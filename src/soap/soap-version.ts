import { escapeXmlQuote } from './escape.ts'
import { PROBLEM, type SoapFault, type SoapFaultCode } from './fault.ts'
import type { QName } from './scanner.ts'

/** What differs between SOAP 1.1 and 1.2, as a value. */
export interface SoapVersion {
  readonly name: '1.1' | '1.2'
  readonly namespace: string
  readonly mediaType: string
  /** Of the elements that bind a WSDL to this version. */
  readonly wsdlNamespace: string
  /** Of every reply: the server chooses it. */
  readonly contentType: string
  /** The start of a reply without a header, up to the inside of Body. */
  readonly opening: string
  readonly replyHeaders: Readonly<Record<string, string>>
  /** The header block attribute that says whom a block is for. */
  readonly roleAttribute: 'actor' | 'role'
  /** The values of that attribute that mean us; an absent one does too. */
  readonly ourRoles: ReadonlySet<string>
  /** The values of mustUnderstand. */
  readonly mustUnderstand: ReadonlyMap<string, boolean>
  /** Elements of the envelope's namespace whose attributes must all be namespace-qualified. */
  readonly qualifiedAttributes: ReadonlySet<string>
  /** Does the version forbid encodingStyle on Envelope, Header and Body. */
  readonly encodingStyleForbidden: boolean
  /** Must the root be this Envelope, or may only its namespace be a version mismatch. */
  readonly anyRootMismatches: boolean
  readonly faultStatus: Readonly<Record<SoapFaultCode, number>>
  /** The whole reply to a request that failed; `detail` is XML. */
  encodeFault(fault: SoapFault, detail: string): string
}

const NS_11 = 'http://schemas.xmlsoap.org/soap/envelope/'
const NS_12 = 'http://www.w3.org/2003/05/soap-envelope'
const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'

/** The start of an envelope, up to the inside of Body. */
function openEnvelope(version: Pick<SoapVersion, 'namespace'>, header = ''): string {
  return `${DECLARATION}<soap:Envelope xmlns:soap="${version.namespace}">${header}<soap:Body>`
}

/** The rest of a reply, from the inside of Body. */
export const CLOSE_ENVELOPE = '</soap:Body></soap:Envelope>'

/** The detail of a fault that no operation declares. */
export function encodeProblem(fault: SoapFault, correlationId: string): string {
  const location =
    fault.location === undefined ? '' : `<location>${escapeXmlQuote(fault.location)}</location>`
  return `<${PROBLEM.local} xmlns="${PROBLEM.namespace}">${location}<correlationId>${correlationId}</correlationId></${PROBLEM.local}>`
}

/** An element whose text is a QName. */
function writeQName(element: string, { namespace, local }: QName): string {
  return `<${element} xmlns:code="${escapeXmlQuote(namespace)}">code:${escapeXmlQuote(local)}</${element}>`
}

const CODES_11: Readonly<Record<SoapFaultCode, string>> = {
  Sender: 'Client',
  Receiver: 'Server',
  MustUnderstand: 'MustUnderstand',
  VersionMismatch: 'VersionMismatch',
  DataEncodingUnknown: 'Client',
}

/** Faults of these codes are about the body; only they have a detail in SOAP 1.1 (4.4). */
const BODY_FAULTS: ReadonlySet<SoapFaultCode> = new Set(['Sender', 'Receiver', 'DataEncodingUnknown'])

/** SOAP 1.1, with faults as section 4.4 and HTTP 500 as 6.2 says. */
export const SOAP_11: SoapVersion = {
  name: '1.1',
  namespace: NS_11,
  mediaType: 'text/xml',
  wsdlNamespace: 'http://schemas.xmlsoap.org/wsdl/soap/',
  contentType: 'text/xml; charset=utf-8',
  opening: openEnvelope({ namespace: NS_11 }),
  replyHeaders: { 'Content-Type': 'text/xml; charset=utf-8' },
  roleAttribute: 'actor',
  ourRoles: new Set(['', 'http://schemas.xmlsoap.org/soap/actor/next']),
  mustUnderstand: new Map([
    ['0', false],
    ['1', true],
  ]),
  qualifiedAttributes: new Set(['Envelope']),
  encodingStyleForbidden: false,
  anyRootMismatches: false,
  faultStatus: {
    Sender: 500,
    Receiver: 500,
    MustUnderstand: 500,
    VersionMismatch: 500,
    DataEncodingUnknown: 500,
  },
  encodeFault(fault, detail) {
    const { code, subcode } = fault
    const inside = BODY_FAULTS.has(code) && subcode === undefined ? `<detail>${detail}</detail>` : ''
    const faultCode =
      subcode === undefined
        ? `<faultcode>soap:${CODES_11[code]}</faultcode>`
        : writeQName('faultcode', subcode)
    return `${SOAP_11.opening}<soap:Fault>${faultCode}<faultstring>${escapeXmlQuote(fault.message)}</faultstring>${inside}</soap:Fault>${CLOSE_ENVELOPE}`
  },
}

/** SOAP 1.2 part 1, 5.4.7: what to speak instead. */
const UPGRADE = `<soap:Upgrade><soap:SupportedEnvelope qname="v12:Envelope" xmlns:v12="${NS_12}"/><soap:SupportedEnvelope qname="v11:Envelope" xmlns:v11="${NS_11}"/></soap:Upgrade>`

/** A longer name is not repeated. The blocks that name what was not understood are advice, which may be left out (SOAP 1.2 part 1, 5.4.8). */
const LONGEST_NAME = 256

/** SOAP 1.2 part 1, 5.4.7 and 5.4.8: blocks that explain a fault. */
function faultHeader(fault: SoapFault): string {
  const blocks =
    fault.code === 'VersionMismatch'
      ? UPGRADE
      : fault.notUnderstood
          .filter(({ namespace, local }) => namespace.length + local.length <= LONGEST_NAME)
          .map(({ namespace, local }) => {
            return `<soap:NotUnderstood qname="n:${escapeXmlQuote(local)}" xmlns:n="${escapeXmlQuote(namespace)}"/>`
          })
          .join('')
  return blocks === '' ? '' : `<soap:Header>${blocks}</soap:Header>`
}

/** SOAP 1.2, with faults as part 1, 5.4 and statuses as part 2, table 20 says. */
export const SOAP_12: SoapVersion = {
  name: '1.2',
  namespace: NS_12,
  mediaType: 'application/soap+xml',
  wsdlNamespace: 'http://schemas.xmlsoap.org/wsdl/soap12/',
  contentType: 'application/soap+xml; charset=utf-8',
  opening: openEnvelope({ namespace: NS_12 }),
  replyHeaders: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
  roleAttribute: 'role',
  ourRoles: new Set(['', `${NS_12}/role/next`, `${NS_12}/role/ultimateReceiver`]),
  mustUnderstand: new Map([
    ['0', false],
    ['false', false],
    ['1', true],
    ['true', true],
  ]),
  qualifiedAttributes: new Set(['Envelope', 'Header', 'Body']),
  encodingStyleForbidden: true,
  anyRootMismatches: true,
  faultStatus: {
    Sender: 400,
    Receiver: 500,
    MustUnderstand: 500,
    VersionMismatch: 500,
    DataEncodingUnknown: 500,
  },
  encodeFault(fault, detail) {
    const { subcode } = fault
    const inner =
      subcode === undefined ? '' : `<soap:Subcode>${writeQName('soap:Value', subcode)}</soap:Subcode>`
    return `${openEnvelope(SOAP_12, faultHeader(fault))}<soap:Fault><soap:Code><soap:Value>soap:${fault.code}</soap:Value>${inner}</soap:Code><soap:Reason><soap:Text xml:lang="en">${escapeXmlQuote(fault.message)}</soap:Text></soap:Reason><soap:Detail>${detail}</soap:Detail></soap:Fault>${CLOSE_ENVELOPE}`
  },
}

/** The versions that one address takes. */
export const SOAP_VERSIONS: readonly SoapVersion[] = [SOAP_11, SOAP_12]

/** The version with this envelope namespace. */
export function versionByNamespace(namespace: string): SoapVersion | undefined {
  return SOAP_VERSIONS.find((version) => version.namespace === namespace)
}

/** The version with this media type, in lower case. */
export function versionByMediaType(mediaType: string): SoapVersion | undefined {
  return SOAP_VERSIONS.find((version) => version.mediaType === mediaType)
}
