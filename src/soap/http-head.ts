import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SoapHead } from './exchange.ts'

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

/** The head of a request of node:http, for an endpoint. */
export function headOf(request: IncomingMessage, response: ServerResponse): SoapHead {
  return {
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
    accept: header(request, 'accept'),
    acceptEncoding: header(request, 'accept-encoding'),
    contentEncoding: header(request, 'content-encoding'),
    soapAction: header(request, 'soapaction'),
  }
}
