import type { SoapValue } from './codec.ts'
import { deflateText, inflateBody, isIdentity, wantsGzip } from './content-coding.ts'
import { CallContext, type HeaderHandler, type Headers } from './context.ts'
import type { Contract } from './contract.ts'
import { type BoundOperation, bindOperations, checkAction, findOperation, type PortType } from './dispatch.ts'
import { closeRequest, openRequest, versionOfRoot } from './envelope.ts'
import type { SoapRequest, SoapResponse } from './exchange.ts'
import { type Call, createFailures, newCall, type SoapFailure } from './failure.ts'
import type { SoapLimits } from './limits.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { Refusal } from './refusal.ts'
import { createShapeScanner } from './shape-scanner.ts'
import { CLOSE_ENVELOPE, SOAP_VERSIONS, type SoapVersion, versionByMediaType } from './soap-version.ts'
import { decodeXml } from './xml-bytes.ts'
import { scanXml } from './xml-scanner.ts'

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
  /** Told of every result: the operation, and the time from the whole request to this answer. Must not throw. */
  readonly onResult?: (operation: string, milliseconds: number) => void
}

/** A Content-Type header and what it says; the last one is remembered, for it is mostly the same. */
interface KnownMedia {
  readonly header: string
  readonly media: MediaType | undefined
}

/** Wires a contract and what its operations do. Throws a `ContractError` where the two disagree. */
export function createSoapEndpoint(options: SoapEndpointOptions): SoapEndpoint {
  const { contract, portType, limits, headers: understood = [], onFault, onResult } = options
  const { fail, refuse } = createFailures(onFault)
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
    const body = `${version.opening}${operation.output.encode(output)}${CLOSE_ENVELOPE}`
    onResult?.(operation.name, performance.now() - call.began)
    return { status: 200, headers: version.replyHeaders, body }
  }

  async function finish(call: Call, output: PromiseLike<unknown>): Promise<SoapResponse> {
    try {
      return reply(call, await output)
    } catch (error) {
      return fail(call, error)
    }
  }

  function answer(
    request: SoapRequest,
    body: Uint8Array,
    call = newCall(),
  ): SoapResponse | Promise<SoapResponse> {
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
    const call = newCall()
    let body: Uint8Array
    try {
      body = await inflateBody(coding, request.body, limits)
    } catch (error) {
      return fail(call, error)
    }
    return answer(request, body, call)
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
