import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SoapEndpoint } from './endpoint.ts'
import type { SoapResponse } from './exchange.ts'

/** Takes POSTs of node:http, and no other methods. */
export type SoapHttpHandler = (request: IncomingMessage, response: ServerResponse) => void

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function write(response: ServerResponse, { status, headers, body }: SoapResponse): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

/**
 * Reads a request's body, at most as much as the endpoint's limit, and writes the answer.
 * How long a body may take is the server's `requestTimeout`. It says `100 Continue` itself, after the declared length
 * was seen: the server must pass `checkContinue` on to it.
 */
export function createSoapHttpHandler(endpoint: SoapEndpoint): SoapHttpHandler {
  const { bodyBytes } = endpoint.limits

  function refuseTooLarge(response: ServerResponse): void {
    // The rest of the body is not read, so the connection cannot be used again.
    write(
      response,
      endpoint.refuse(413, `the body has more than ${bodyBytes} bytes`, { Connection: 'close' }),
    )
  }

  function answer(request: IncomingMessage, response: ServerResponse, body: Uint8Array): void {
    const answered = endpoint.handle({
      caller: {
        authorization: request.headers.authorization,
        remoteAddress: request.socket.remoteAddress,
        secure: 'encrypted' in request.socket,
        onGone: (listener) => {
          // A response that was written whole is closed too.
          response.once('close', () => {
            if (!response.writableFinished) listener()
          })
        },
      },
      contentType: header(request, 'content-type'),
      acceptEncoding: header(request, 'accept-encoding'),
      contentEncoding: header(request, 'content-encoding'),
      soapAction: header(request, 'soapaction'),
      body,
    })
    if ('status' in answered) write(response, answered)
    else answered.then((late) => write(response, late)).catch(() => response.destroy())
  }

  return (request, response) => {
    const declared = request.headers['content-length']
    if (declared !== undefined && Number(declared) > bodyBytes) return refuseTooLarge(response)
    if (request.headers.expect !== undefined) response.writeContinue()

    let first: Buffer | undefined
    let chunks: Buffer[] | undefined
    let bytes = 0
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > bodyBytes) {
        request.off('data', onData)
        request.off('end', onEnd)
        request.pause()
        refuseTooLarge(response)
        return
      }
      if (first === undefined) first = chunk
      else if (chunks === undefined) chunks = [first, chunk]
      else chunks.push(chunk)
    }
    const onEnd = (): void => {
      const body = chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks, bytes)
      answer(request, response, body)
    }
    request.on('data', onData)
    request.on('end', onEnd)
    // A caller that goes away in the middle is no error of ours, and there is nobody to answer.
    request.on('error', () => response.destroy())
  }
}
