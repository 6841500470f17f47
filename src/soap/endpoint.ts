import { randomUUID } from 'node:crypto'
import type { ElementCodec, SoapValue } from './codec.ts'
import { CODINGS, CodingError, deflateText, inflateBody, isIdentity, wantsGzip } from './content-coding.ts'
import { CallContext, type Caller, type HeaderHandler, type Headers } from './context.ts'
import type { Contract } from './contract.ts'
import { type BoundOperation, bindOperations, checkAction, findOperation, type PortType } from './dispatch.ts'
import { closeRequest, openRequest, versionOfRoot } from './envelope.ts'
import { SoapFault, type SoapFaultCode, TypedFault } from './fault.ts'
import type { SoapLimits } from './limits.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { XmlError } from './scanner.ts'
import { createShapeScanner } from './shape-scanner.ts'
import {
  CLOSE_ENVELOPE,
  encodeProblem,
  SOAP_VERSIONS,
  type SoapVersion,
  versionByMediaType,
} from './soap-version.ts'
import { decodeXml, UnsupportedEncoding } from './xml-bytes.ts'
import { scanXml } from './xml-scanner.ts'

/** An HTTP request, as far as SOAP looks at it. */
export interface SoapRequest {
  readonly caller: Caller
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
  /** The wsdl:fault, where it is one that the operation declares. */
  readonly fault: string | undefined
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
  /** The header blocks that are understood. Default: none. */
  readonly headers?: readonly HeaderHandler[]
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
  headers: Headers | undefined
}

function newCall(): Call {
  return { version: undefined, bound: undefined, headers: undefined }
}

/** A Content-Type header and what it says; the last one is remembered, for it is mostly the same. */
interface KnownMedia {
  readonly header: string
  readonly media: MediaType | undefined
}

/** Wires a contract and what its operations do. Throws a `ContractError` where the two disagree. */
export function createSoapEndpoint(options: SoapEndpointOptions): SoapEndpoint {
  const { contract, portType, limits, headers: understood = [], onFault } = options
  const dispatch = bindOperations(contract, portType)
  const acceptable = SOAP_VERSIONS.map(({ mediaType }) => mediaType).join(', ')

  const scan = createShapeScanner(scanXml)
  let known: KnownMedia = { header: '', media: undefined }
  function mediaOf(header: string): MediaType | undefined {
    if (known.header !== header) known = { header, media: parseMediaType(header) }
    return known.media
  }

  function read(request: SoapRequest, body: Uint8Array, call: Call): SoapValue {
    const media = request.contentType === undefined ? undefined : mediaOf(request.contentType)
    const byMediaType = versionByMediaType(media?.essence ?? '')
    if (media === undefined || byMediaType === undefined) {
      throw new Refusal(415, `the Content-Type must be one of: ${acceptable}`, { Accept: acceptable })
    }
    call.version = byMediaType
    const reader = scan(decodeXml(body, media.charset), limits)
    call.version = versionOfRoot(reader, byMediaType)
    call.headers = openRequest(reader, byMediaType, understood)
    const bound = findOperation(dispatch, reader)
    call.bound = bound
    checkAction(bound.operation, request.soapAction)
    checkAction(bound.operation, media.action)
    const input = bound.operation.input.decode(reader)
    closeRequest(reader)
    return input
  }

  function reply(call: Call, output: unknown): SoapResponse {
    const version = call.version as SoapVersion
    const { operation } = call.bound as BoundOperation
    return {
      status: 200,
      headers: version.replyHeaders,
      body: `${version.opening}${operation.output.encode(output)}${CLOSE_ENVELOPE}`,
    }
  }

  function fail(call: Call, error: unknown): SoapResponse {
    if (error instanceof Refusal) return refuse(error.status, error.message, error.headers)
    if (error instanceof CodingError) {
      return refuse(error.status, error.message, error.status === 415 ? { 'Accept-Encoding': CODINGS } : {})
    }
    if (error instanceof UnsupportedEncoding) return refuse(415, error.message)
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
  ): SoapResponse {
    const correlationId = randomUUID()
    onFault?.({
      correlationId,
      code: status,
      reason,
      operation: undefined,
      fault: undefined,
      cause: undefined,
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

  async function finish(call: Call, output: PromiseLike<unknown>): Promise<SoapResponse> {
    try {
      return reply(call, await output)
    } catch (error) {
      return fail(call, error)
    }
  }

  function answer(request: SoapRequest, body: Uint8Array): SoapResponse | Promise<SoapResponse> {
    const call = newCall()
    try {
      const input = read(request, body, call)
      const context = new CallContext(request.caller, call.headers as Headers)
      const output = (call.bound as BoundOperation).invoke(input, context)
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
      return fail(newCall(), error)
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
