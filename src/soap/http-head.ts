import type { IncomingMessage, ServerResponse } from 'node:http'
import { forwardingOf, originOf, type ProxyTrust } from './caller-origin.ts'
import type { SoapHead } from './exchange.ts'

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

/** The head of a request of node:http, for an endpoint. */
export function headOf(request: IncomingMessage, response: ServerResponse, trusts: ProxyTrust): SoapHead {
  const { headers, socket } = request
  const connection = { remoteAddress: socket.remoteAddress, secure: 'encrypted' in socket }
  return {
    caller: {
      ...originOf(connection, forwardingOf(Object.entries(headers)), trusts),
      authorization: headers.authorization,
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
