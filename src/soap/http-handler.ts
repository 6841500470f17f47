import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ProxyTrust } from './caller-origin.ts'
import type { SoapEndpoint } from './endpoint.ts'
import type { SoapResponse } from './exchange.ts'
import { GatheredBytes } from './gathered-bytes.ts'
import type { HeldBytes } from './held-bytes.ts'
import { isBodyStream, writeAnswer } from './http-body.ts'
import { headOf } from './http-head.ts'
import { NO_ROOM } from './refusal.ts'
import { RequestBody } from './request-body.ts'
import { isMultipart } from './xop-media-type.ts'

/** Takes POSTs of node:http, and no other methods. */
export type SoapHttpHandler = (request: IncomingMessage, response: ServerResponse) => void

/** What is shared with the other ways to the endpoints. */
export interface SoapHttpOptions {
  /** Counts the bodies of requests until they are answered, and the answers until they are taken. */
  readonly held: HeldBytes
  /** How long an answer may wait for its caller to read it, and a request of several parts may rest, in milliseconds; then the connection is cut. */
  readonly answerTimeoutMs: number
  /** Whose word for a caller's address and scheme counts. Default: nobody's. */
  readonly trusts?: ProxyTrust
}

/** What one call holds. */
interface Holding {
  bytes: number
}

/**
 * Reads a request's body, at most as much as the endpoint's limit, and writes the answer.
 * How long a body may take is the server's `requestTimeout`. It says `100 Continue` itself, after the declared length
 * was seen: the server must pass `checkContinue` on to it.
 */
export function createSoapHttpHandler(endpoint: SoapEndpoint, options: SoapHttpOptions): SoapHttpHandler {
  const { bodyBytes, attachmentBytes } = endpoint.limits
  const { held, answerTimeoutMs, trusts = () => false } = options
  // Who sends the largest file as base64 text, which is too long, is told so.
  const discardedBytes = 2 * (bodyBytes + attachmentBytes)

  /** Begins to count what a call holds. */
  function count(response: ServerResponse): Holding {
    const holding = { bytes: 0 }
    response.once('close', () => held.add(-holding.bytes))
    return holding
  }

  function hold(holding: Holding, bytes: number): void {
    holding.bytes += bytes
    held.add(bytes)
  }

  function write(response: ServerResponse, answer: SoapResponse, holding?: Holding): void {
    const { status, headers, body } = answer
    if (isBodyStream(body)) {
      finish(response, [writeAnswer(response, answer, answerTimeoutMs)])
      return
    }
    const bytes = Buffer.byteLength(body)
    // The request is not held any more.
    if (holding !== undefined) hold(holding, bytes - holding.bytes)
    response.writeHead(status, { ...headers, 'Content-Length': bytes })
    response.end(body)
    cutUnread(response)
  }

  /** Ends an answer once all is done that must be before. */
  function finish(response: ServerResponse, before: readonly Promise<void>[]): void {
    Promise.all(before).then(
      () => {
        response.end()
        cutUnread(response)
      },
      () => response.destroy(),
    )
  }

  /** Cuts a connection that an answer is left on. */
  function cutUnread(response: ServerResponse): void {
    if (response.socket === null || response.socket.writableLength === 0) return
    const cut = setTimeout(() => response.destroy(), answerTimeoutMs)
    response.once('close', () => clearTimeout(cut))
  }

  /**
   * Refuses before a body has come whole. What still comes is for nobody, but many callers read nothing before they have sent
   * all, and one that is cut off then does not see the answer.
   */
  function refuseEarly(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    reason: string,
    headers?: Readonly<Record<string, string>>,
  ): void {
    const refusal = endpoint.refuse(status, reason, { ...headers, Connection: 'close' })
    const body = refusal.body as string
    response.writeHead(status, { ...refusal.headers, 'Content-Length': Buffer.byteLength(body) })
    response.write(body)
    let left = discardedBytes
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) response.destroy()
    })
    request.on('end', () => response.end())
  }

  function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: Uint8Array,
    holding: Holding,
  ): void {
    const answered = endpoint.handle({ ...headOf(request, response, trusts), body })
    if ('status' in answered) write(response, answered, holding)
    else answered.then((late) => write(response, late, holding)).catch(() => response.destroy())
  }

  async function answerParts(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.expect !== undefined) response.writeContinue()
    const holding = count(response)
    const body = new RequestBody(request, answerTimeoutMs)
    const answered = await endpoint.handleParts(headOf(request, response, trusts), body, (bytes, length) => {
      if (!held.hasRoom(bytes, length)) return false
      hold(holding, bytes)
      return true
    })
    if (response.destroyed) return
    if (body.done) write(response, answered, holding)
    else {
      // Many callers read nothing before they have sent all; what they still send is for nobody, but so they get to the answer.
      const last = { ...answered, headers: { ...answered.headers, Connection: 'close' } }
      finish(response, [writeAnswer(response, last, answerTimeoutMs), body.discard(discardedBytes)])
    }
  }

  return (request, response) => {
    if (isMultipart(request.headers['content-type'])) {
      answerParts(request, response).catch(() => response.destroy())
      return
    }
    const tooLarge = `the body has more than ${bodyBytes} bytes`
    const declared = request.headers['content-length']
    const asks = request.headers.expect !== undefined
    if (declared !== undefined && Number(declared) > bodyBytes) {
      // Who asks before sending sends nothing now.
      if (asks) write(response, endpoint.refuse(413, tooLarge, { Connection: 'close' }))
      else refuseEarly(request, response, 413, tooLarge)
      return
    }
    if (asks) response.writeContinue()

    const holding = count(response)
    let body = new GatheredBytes()
    const giveUp = (): void => {
      request.off('data', onData)
      request.off('end', onEnd)
      hold(holding, -holding.bytes)
      body = new GatheredBytes()
    }
    const onData = (chunk: Buffer): void => {
      const bytes = body.length + chunk.length
      if (bytes > bodyBytes) {
        giveUp()
        refuseEarly(request, response, 413, tooLarge)
        return
      }
      if (!held.hasRoom(chunk.length, bytes)) {
        giveUp()
        refuseEarly(request, response, 503, NO_ROOM, { 'Retry-After': '1' })
        return
      }
      hold(holding, chunk.length)
      body.add(chunk)
    }
    const onEnd = (): void => answer(request, response, body.all(), holding)
    request.on('data', onData)
    request.on('end', onEnd)
    // A caller that goes away in the middle is no error of ours, and there is nobody to answer.
    request.on('error', () => response.destroy())
  }
}
