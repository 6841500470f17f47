import { randomUUID } from 'node:crypto'
import type { ElementCodec } from './codec.ts'
import { CODINGS, CodingError } from './content-coding.ts'
import type { Headers } from './context.ts'
import type { BoundOperation } from './dispatch.ts'
import type { SoapResponse } from './exchange.ts'
import { SoapFault, type SoapFaultCode, TypedFault } from './fault.ts'
import { Refusal } from './refusal.ts'
import { XmlError } from './scanner.ts'
import { encodeProblem, SOAP_VERSIONS, type SoapVersion } from './soap-version.ts'
import { UnsupportedEncoding } from './xml-bytes.ts'

/** A request that was not answered with a result, for the log. */
export interface SoapFailure {
  /** What the caller was given to ask with. */
  readonly correlationId: string
  /** A fault's code, or the HTTP status of a request that was refused without one. */
  readonly code: SoapFaultCode | number
  readonly reason: string
  /** The operation, where it was reached. */
  readonly operation: string | undefined
  /** The wsdl:fault, where it is one that the operation declares. */
  readonly fault: string | undefined
  /** What was thrown, where it was not meant as an answer. For the log only. */
  readonly cause: unknown
  /** From the whole request to this answer. */
  readonly milliseconds: number
}

/** What is known of a request while it is read, so that a fault can be written whenever it comes. */
export interface Call {
  version: SoapVersion | undefined
  bound: BoundOperation | undefined
  headers: Headers | undefined
  /** When the request was there, by `performance.now`. */
  readonly began: number
}

/** A request of which nothing is known yet. */
export function newCall(): Call {
  return { version: undefined, bound: undefined, headers: undefined, began: performance.now() }
}

/** Makes the answers to requests that fail, and tells of them. */
export interface Failures {
  /** The answer to what was thrown while a request was read or its operation did its work. */
  fail(call: Call, error: unknown): SoapResponse
  /** The answer to a request that HTTP alone refuses: plain text, no fault (soap 2). */
  refuse(status: number, reason: string, headers?: Readonly<Record<string, string>>): SoapResponse
  /** Tells of an answer that had begun and cannot be written to its end. */
  cut(call: Call, cause: unknown): void
}

/** Wires who is told of failures; that must not throw. */
export function createFailures(onFault: ((failure: SoapFailure) => void) | undefined): Failures {
  function fail(call: Call, error: unknown): SoapResponse {
    const { began } = call
    if (error instanceof Refusal) return refuse(error.status, error.message, error.headers, began)
    if (error instanceof CodingError) {
      const headers = error.status === 415 ? { 'Accept-Encoding': CODINGS } : {}
      return refuse(error.status, error.message, headers, began)
    }
    if (error instanceof UnsupportedEncoding) return refuse(415, error.message, {}, began)
    const version = call.version ?? (SOAP_VERSIONS[0] as SoapVersion)
    const correlationId = randomUUID()
    const { fault, detail, name, cause } = explain(call, error, correlationId)
    onFault?.({
      correlationId,
      code: fault.code,
      reason: fault.message,
      operation: call.bound?.operation.name,
      fault: name,
      cause,
      milliseconds: performance.now() - began,
    })
    return {
      status: version.faultStatus[fault.code],
      headers: { 'Content-Type': version.contentType, 'X-Correlation-Id': correlationId },
      body: version.encodeFault(fault, detail),
    }
  }

  function refuse(
    status: number,
    reason: string,
    headers: Readonly<Record<string, string>> = {},
    began = performance.now(),
  ): SoapResponse {
    const correlationId = randomUUID()
    onFault?.({
      correlationId,
      code: status,
      reason,
      operation: undefined,
      fault: undefined,
      cause: undefined,
      milliseconds: performance.now() - began,
    })
    return {
      status,
      headers: {
        'Content-Type': 'text/plain; charset=utf-8',
        'X-Content-Type-Options': 'nosniff',
        'X-Correlation-Id': correlationId,
        ...headers,
      },
      body: `${reason}\n`,
    }
  }

  function cut({ bound, began }: Call, cause: unknown): void {
    onFault?.({
      correlationId: randomUUID(),
      code: 'Receiver',
      reason: 'the answer had begun and was cut',
      operation: bound?.operation.name,
      fault: undefined,
      cause,
      milliseconds: performance.now() - began,
    })
  }

  return { fail, refuse, cut }
}

/** A fault as the caller learns it, and what the log learns besides. */
interface Explained {
  readonly fault: SoapFault
  /** XML. */
  readonly detail: string
  /** The wsdl:fault. */
  readonly name: string | undefined
  readonly cause: unknown
}

/** What is not meant for the caller becomes a Receiver fault without a word about the inside. */
function explain({ bound }: Call, error: unknown, correlationId: string): Explained {
  const problem = (fault: SoapFault, cause?: unknown): Explained => {
    return { fault, detail: encodeProblem(fault, correlationId), name: undefined, cause }
  }
  if (error instanceof SoapFault) return problem(error)
  if (error instanceof XmlError) return problem(new SoapFault('Sender', error.message))
  let cause = error
  if (error instanceof TypedFault) {
    try {
      const detail = encodeDetail(bound?.operation.faults.get(error.fault), error, correlationId)
      return { fault: new SoapFault(error.code, error.message), detail, name: error.fault, cause: undefined }
    } catch (failure) {
      cause = failure
    }
  }
  return problem(
    new SoapFault('Receiver', 'the server could not do this; its log has the correlation id'),
    cause,
  )
}

function encodeDetail(
  codec: ElementCodec | undefined,
  { fault, detail }: TypedFault,
  correlationId: string,
): string {
  if (codec === undefined) throw new TypeError(`the operation does not declare the fault ${fault}`)
  const complete = codec.has('correlationId') ? { correlationId, ...detail } : detail
  return codec.encode(complete)
}
