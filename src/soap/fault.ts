import type { SoapRecord } from './codec.ts'
import type { QName } from './scanner.ts'

/** Whose fault it is, in SOAP 1.2's words (part 1, 5.4.6); SOAP 1.1 has its own for the same. */
export type SoapFaultCode =
  | 'Sender'
  | 'Receiver'
  | 'MustUnderstand'
  | 'VersionMismatch'
  | 'DataEncodingUnknown'

/** What a fault may tell besides its code and reason. */
export interface SoapFaultOptions {
  /** Which part of the request, as names with slashes between. */
  readonly location?: string
  /** For `MustUnderstand`: the header blocks. */
  readonly notUnderstood?: readonly QName[]
  /**
   * What a specification of a header block calls it: SOAP 1.2's Subcode, and in SOAP 1.1 the faultcode itself. Such a fault is
   * about the header, so SOAP 1.1 gives it no detail (4.4).
   */
  readonly subcode?: QName
}

/** A request is answered with a fault. The reason is for the caller: it holds nothing internal. */
export class SoapFault extends Error {
  readonly code: SoapFaultCode
  readonly location: string | undefined
  readonly notUnderstood: readonly QName[]
  readonly subcode: QName | undefined

  constructor(code: SoapFaultCode, reason: string, options: SoapFaultOptions = {}) {
    super(reason)
    this.name = 'SoapFault'
    this.code = code
    this.location = options.location
    this.notUnderstood = options.notUnderstood ?? []
    this.subcode = options.subcode
  }
}

/**
 * A fault that the operation declares by wsdl:fault, with its detail. Where the declared detail has a child
 * `correlationId` that is not given, the engine puts it in. One that the operation does not declare is a Receiver fault.
 */
export class TypedFault extends Error {
  /** The name of the wsdl:fault. */
  readonly fault: string
  /** The content of its element. */
  readonly detail: SoapRecord
  readonly code: 'Sender' | 'Receiver'

  /** The reason is for the caller: it holds nothing internal. */
  constructor(
    fault: string,
    reason: string,
    detail: SoapRecord = {},
    code: 'Sender' | 'Receiver' = 'Sender',
  ) {
    super(reason)
    this.name = 'TypedFault'
    this.fault = fault
    this.detail = detail
    this.code = code
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const BREAKS_LINES = /[\0-\x1f\x7f-\x9f\u2028\u2029]/g

/** Names come from the request, and go into logs: what is quoted of them is short and in one line. */
export function quoteName(name: string): string {
  const short = name.length > 64 ? `${name.slice(0, 64)}…` : name
  return short.replace(BREAKS_LINES, '?')
}

/** The detail element of every fault: `problem`, declared in each contract by wsdl:fault. */
export const PROBLEM: QName = { namespace: 'urn:dms:fault:1', local: 'problem' }
