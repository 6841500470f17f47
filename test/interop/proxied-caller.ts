import { once } from 'node:events'
import { Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent, request } from 'node:https'
import { type Answer, envelope, MEDIA, readAnswer, type Version } from '../support/messaging-calls.ts'

/** An answer as HTTP brings it. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/** What a caller sends, besides what it always sends. */
export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Buffer | string
}

/** Who calls, and whom. */
export interface CallerOptions {
  readonly port: number
  /** The certificate that it expects. Undefined: plain HTTP. */
  readonly ca?: string | undefined
  /** Its Host, without the port. */
  readonly host?: string
  /** Its own address. */
  readonly from?: string
  /** Sent along with everything. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A program that calls over one kept connection. */
export interface Caller {
  fetch(path: string, sent?: Sent): Promise<Reply>
  /** A SOAP call of the messaging service. */
  call(
    body: string,
    options?: { readonly version?: Version; readonly header?: string; readonly authorization?: string },
  ): Promise<Answer>
  close(): void
}

/** A caller at the far end of a proxy. */
export function createCaller(options: CallerOptions): Caller {
  const { port, ca, host = 'soap.example', from = '127.0.0.1', headers: always = {} } = options
  const kept = { keepAlive: true, maxSockets: 1 }
  // The certificate is for the address, whatever the caller calls the host.
  const agent =
    ca === undefined ? new PlainAgent(kept) : new Agent({ ...kept, ca, checkServerIdentity: () => undefined })
  const open = ca === undefined ? plainRequest : request

  async function fetch(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Reply> {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
    const sent = open({
      ...{ host: '127.0.0.1', port, path, method, agent, localAddress: from },
      headers: { Host: `${host}:${port}`, ...always, ...length, ...headers } as Record<string, string>,
    })
    sent.end(body)
    const [response] = await once(sent, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }
  }

  return {
    fetch,
    async call(body, { version = '1.1', header, authorization } = {}) {
      const { status, body: answer } = await fetch('/messaging', {
        method: 'POST',
        headers: {
          'Content-Type': `${MEDIA[version].type}; charset=utf-8`,
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
        body: envelope(body, { version, ...(header === undefined ? {} : { header }) }),
      })
      return readAnswer(status, String(answer))
    },
    close: () => agent.destroy(),
  }
}
