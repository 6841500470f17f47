import { randomUUID } from 'node:crypto'
import { decodeElement, encodeElement, type SoapValue } from './codec.ts'
import { CODINGS, CodingError, deflateText, inflateBody, isIdentity, wantsGzip } from './content-coding.ts'
import type { Contract } from './contract.ts'
import { type BoundOperation, bindOperations, checkAction, findOperation, type PortType } from './dispatch.ts'
import { closeRequest, openRequest, versionOfRoot } from './envelope.ts'
import { SoapFault, type SoapFaultCode } from './fault.ts'
import type { SoapLimits } from './limits.ts'
import { parseMediaType } from './media-type.ts'
import { XmlError } from './scanner.ts'
import {
  CLOSE_ENVELOPE,
  openEnvelope,
  SOAP_VERSIONS,
  type SoapVersion,
  versionByMediaType,
} from './soap-version.ts'
import { decodeXml, UnsupportedEncoding } from './xml-bytes.ts'
import { scanXml } from './xml-scanner.ts'

/** An HTTP request, as far as SOAP looks at it. */
export interface SoapRequest {
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly acceptEncoding: string | undefined
  readonly soapAction: string | undefined
  readonly body: Uint8Array
}

/** The answer to it; a body of text is to be written as UTF-8. */
export interface SoapResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** A request that was not answered with a result, for the log. */
export interface SoapFailure {
  /** What the caller was given to ask with. */
  readonly correlationId: string
  /** A fault's code, or the HTTP status of a request that was refused without one. */
  readonly code: SoapFaultCode | number
  readonly reason: string
  /** The operation, where it was reached. */
  readonly operation: string | undefined
  /** What was thrown, where it was not meant as an answer. For the log only. */
  readonly cause: unknown
}

/** Answers SOAP requests; knows no sockets. */
export interface SoapEndpoint {
  readonly limits: SoapLimits
  /** Answers a POST: at once, unless the operation is asynchronous or a body is gzip. Neither throws nor rejects. */
  handle(request: SoapRequest): SoapResponse | Promise<SoapResponse>
  /** The answer to a request that HTTP alone refuses (413, 415, …): plain text, no fault (soap 2). */
  refuse(status: number, reason: string, headers?: Readonly<Record<string, string>>): SoapResponse
}

/** What an endpoint is made of. */
export interface SoapEndpointOptions {
  readonly contract: Contract
  readonly portType: PortType
  readonly limits: SoapLimits
  /** Told of every fault and refusal. Must not throw. */
  readonly onFault?: (failure: SoapFailure) => void
}

/** An answer without a fault: it is not SOAP that is wrong. */
class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, reason: string, headers: Readonly<Record<string, string>> = {}) {
    super(reason)
    this.status = status
    this.headers = headers
  }
}

/** What is known of a request while it is read, so that a fault can be written whenever it comes. */
interface Call {
  version: SoapVersion | undefined
  bound: BoundOperation | undefined
}

/** Wires a contract and what its operations do. Throws a `ContractError` where the two disagree. */
export function createSoapEndpoint(options: SoapEndpointOptions): SoapEndpoint {
  const { contract, portType, limits, onFault } = options
  const dispatch = bindOperations(contract, portType)
  const acceptable = SOAP_VERSIONS.map(({ mediaType }) => mediaType).join(', ')
  const envelopes = new Map(SOAP_VERSIONS.map((version) => [version, openEnvelope(version)]))
  const replyHeaders = new Map(
    SOAP_VERSIONS.map((version) => [version, { 'Content-Type': version.contentType } as const]),
  )

  function read(request: SoapRequest, body: Uint8Array, call: Call): SoapValue {
    const media = request.contentType === undefined ? undefined : parseMediaType(request.contentType)
    const byMediaType = versionByMediaType(media?.essence ?? '')
    if (media === undefined || byMediaType === undefined) {
      throw new Refusal(415, `the Content-Type must be one of: ${acceptable}`, { Accept: acceptable })
    }
    call.version = byMediaType
    const reader = scanXml(decodeXml(body, media.charset), limits)
    call.version = versionOfRoot(reader, byMediaType)
    openRequest(reader, byMediaType)
    const bound = findOperation(dispatch, reader)
    call.bound = bound
    checkAction(bound.operation, request.soapAction)
    checkAction(bound.operation, media.action)
    const input = decodeElement(reader, bound.operation.input)
    closeRequest(reader)
    return input
  }

  function reply(call: Call, output: unknown): SoapResponse {
    const version = call.version as SoapVersion
    const { operation } = call.bound as BoundOperation
    return {
      status: 200,
      headers: replyHeaders.get(version) ?? {},
      body: `${envelopes.get(version)}${encodeElement(operation.output, output)}${CLOSE_ENVELOPE}`,
    }
  }

  function fail(call: Call, error: unknown): SoapResponse {
    if (error instanceof Refusal) return refuse(error.status, error.message, error.headers)
    if (error instanceof CodingError) {
      return refuse(error.status, error.message, error.status === 415 ? { 'Accept-Encoding': CODINGS } : {})
    }
    if (error instanceof UnsupportedEncoding) return refuse(415, error.message)
    const fault = faultOf(error)
    const version = call.version ?? (SOAP_VERSIONS[0] as SoapVersion)
    const correlationId = randomUUID()
    onFault?.({
      correlationId,
      code: fault.code,
      reason: fault.message,
      operation: call.bound?.operation.name,
      cause: fault === error || error instanceof XmlError ? undefined : error,
    })
    return {
      status: version.faultStatus[fault.code],
      headers: { 'Content-Type': version.contentType, 'X-Correlation-Id': correlationId },
      body: version.encodeFault(fault, correlationId),
    }
  }

  function refuse(
    status: number,
    reason: string,
    headers: Readonly<Record<string, string>> = {},
  ): SoapResponse {
    const correlationId = randomUUID()
    onFault?.({ correlationId, code: status, reason, operation: undefined, cause: undefined })
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

  async function finish(call: Call, output: PromiseLike<unknown>): Promise<SoapResponse> {
    try {
      return reply(call, await output)
    } catch (error) {
      return fail(call, error)
    }
  }

  function answer(request: SoapRequest, body: Uint8Array): SoapResponse | Promise<SoapResponse> {
    const call: Call = { version: undefined, bound: undefined }
    try {
      const input = read(request, body, call)
      const output = (call.bound as BoundOperation).invoke(input)
      return isPromise(output) ? finish(call, output) : reply(call, output)
    } catch (error) {
      return fail(call, error)
    }
  }

  async function inflateAndAnswer(request: SoapRequest, coding: string): Promise<SoapResponse> {
    let body: Uint8Array
    try {
      body = await inflateBody(coding, request.body, limits)
    } catch (error) {
      return fail({ version: undefined, bound: undefined }, error)
    }
    return answer(request, body)
  }

  return {
    limits,
    handle(request) {
      const { contentEncoding, acceptEncoding } = request
      const response =
        contentEncoding === undefined || isIdentity(contentEncoding)
          ? answer(request, request.body)
          : inflateAndAnswer(request, contentEncoding)
      if (acceptEncoding === undefined) return response
      return 'status' in response
        ? deflated(response, acceptEncoding)
        : response.then((late) => deflated(late, acceptEncoding))
    },
    refuse,
  }
}

function deflated(response: SoapResponse, acceptEncoding: string): SoapResponse | Promise<SoapResponse> {
  const { body } = response
  if (typeof body !== 'string' || !wantsGzip(acceptEncoding, body)) return response
  const headers = { ...response.headers, 'Content-Encoding': 'gzip' }
  return deflateText(body).then((bytes) => ({ ...response, headers, body: bytes }))
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** What the caller learns: what is not meant for it becomes a Receiver fault without a word about the inside. */
function faultOf(error: unknown): SoapFault {
  if (error instanceof SoapFault) return error
  if (error instanceof XmlError) return new SoapFault('Sender', error.message)
  return new SoapFault('Receiver', 'the server could not do this; its log has the correlation id')
}
