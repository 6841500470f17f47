import type { SoapValue } from './codec.ts'
import { deflateText, inflateBody, isIdentity, wantsGzip } from './content-coding.ts'
import { CallContext, type Caller, type HeaderHandler, type Headers } from './context.ts'
import type { Contract } from './contract.ts'
import { type BoundOperation, bindOperations, checkAction, findOperation, type PortType } from './dispatch.ts'
import { closeRequest, openRequest, versionOfRoot } from './envelope.ts'
import type { HoldBytes, SoapHead, SoapRequest, SoapResponse } from './exchange.ts'
import { type Call, createFailures, newCall, type SoapFailure } from './failure.ts'
import type { SoapLimits } from './limits.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { Refusal } from './refusal.ts'
import type { XmlReader } from './scanner.ts'
import { createShapeScanner } from './shape-scanner.ts'
import { CLOSE_ENVELOPE, type SoapVersion, versionByMediaType } from './soap-version.ts'
import { replyWithStreams } from './stream-reply.ts'
import { decodeXml } from './xml-bytes.ts'
import { scanXml } from './xml-scanner.ts'
import { ACCEPTABLE, acceptsXop, parseXopMediaType } from './xop-media-type.ts'
import { XopMessage } from './xop-message.ts'

/** Answers SOAP requests; knows no sockets. */
export interface SoapEndpoint {
  readonly limits: SoapLimits
  /** Answers a POST: at once, unless the operation is asynchronous or a body is gzip. Neither throws nor rejects. */
  handle(request: SoapRequest): SoapResponse | Promise<SoapResponse>
  /**
   * Answers a POST whose body has parts (MTOM), and reads that body as far as the answer needs it: what is left of it is
   * the caller's to read, or to cut off. `hold` is asked for what is kept in memory. Does not reject.
   */
  handleParts(request: SoapHead, body: AsyncIterator<Uint8Array>, hold: HoldBytes): Promise<SoapResponse>
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
  const { fail, refuse, cut } = createFailures(onFault)
  const dispatch = bindOperations(contract, portType)

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
      throw new Refusal(415, `the Content-Type must be one of: ${ACCEPTABLE}`, { Accept: ACCEPTABLE })
    }
    call.version = byMediaType
    const reader = scan(decodeXml(body, media.charset), limits)
    return readEnvelope(reader, byMediaType, call, request.soapAction, media.action)
  }

  function readEnvelope(
    reader: XmlReader,
    byMediaType: SoapVersion,
    call: Call,
    soapAction: string | undefined,
    action: string | undefined,
  ): SoapValue {
    call.version = versionOfRoot(reader, byMediaType)
    call.headers = openRequest(reader, byMediaType, understood)
    const bound = findOperation(dispatch, reader)
    call.bound = bound
    checkAction(bound.operation, soapAction)
    checkAction(bound.operation, action)
    const input = bound.operation.input.decode(reader)
    closeRequest(reader)
    return input
  }

  function invoke(call: Call, input: SoapValue, caller: Caller): unknown {
    return (call.bound as BoundOperation).invoke(input, new CallContext(caller, call.headers as Headers))
  }

  function reply(call: Call, output: unknown, accept: string | undefined, inParts = false): SoapResponse {
    const version = call.version as SoapVersion
    const { operation, streams } = call.bound as BoundOperation
    if (streams) return replyInStreams(call, output, inParts || acceptsXop(accept))
    const body = `${version.opening}${operation.output.encode(output)}${CLOSE_ENVELOPE}`
    onResult?.(operation.name, performance.now() - call.began)
    return { status: 200, headers: version.replyHeaders, body }
  }

  function replyInStreams(call: Call, result: unknown, asXop: boolean): SoapResponse {
    const { operation } = call.bound as BoundOperation
    const version = call.version as SoapVersion
    const response = replyWithStreams(version, operation.output, result, asXop, (error) => cut(call, error))
    onResult?.(operation.name, performance.now() - call.began)
    return response
  }

  async function finish(
    call: Call,
    output: PromiseLike<unknown>,
    accept: string | undefined,
  ): Promise<SoapResponse> {
    try {
      return reply(call, await output, accept)
    } catch (error) {
      return fail(call, error)
    }
  }

  function answer(
    request: SoapRequest,
    body: Uint8Array,
    call = newCall(),
  ): SoapResponse | Promise<SoapResponse> {
    const { accept } = request
    try {
      const input = read(request, body, call)
      const output = invoke(call, input, request.caller)
      return isPromise(output) ? finish(call, output, accept) : reply(call, output, accept)
    } catch (error) {
      return fail(call, error)
    }
  }

  async function answerParts(
    request: SoapHead,
    body: AsyncIterator<Uint8Array>,
    hold: HoldBytes,
  ): Promise<SoapResponse> {
    const call = newCall()
    const { contentType = '', contentEncoding, soapAction, caller, accept } = request
    try {
      if (contentEncoding !== undefined && !isIdentity(contentEncoding)) {
        throw new Refusal(415, 'a multipart body must have no Content-Encoding', {
          'Accept-Encoding': 'identity',
        })
      }
      const media = parseXopMediaType(contentType)
      call.version = media.version
      const message = new XopMessage(media, body, limits, hold)
      const root = await message.readRoot()
      const reader = Object.assign(scanXml(decodeXml(root.bytes, root.charset), limits), { parts: message })
      const input = readEnvelope(reader, media.version, call, soapAction, undefined)
      for (const action of root.actions) checkAction((call.bound as BoundOperation).operation, action)
      await message.readAhead()
      return reply(call, await invoke(call, message.settle(input), caller), accept, true)
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
    handleParts: answerParts,
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
