import { once } from 'node:events'
import { type Agent, type IncomingMessage, request } from 'node:http'
import { FILES } from './files-contract.ts'
import type { FilesServer } from './files-server.ts'
import { contentType } from './packages.ts'

export const GET = `<t:Get xmlns:t="${FILES}"><t:name>a</t:name></t:Get>`
export const GET_KNOWN = `<t:GetKnown xmlns:t="${FILES}"><t:name>a</t:name></t:GetKnown>`

/** A response's body. */
export async function read(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** POSTs a body. */
export async function post(
  server: FilesServer,
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = {},
  agent?: Agent,
) {
  const sent = request(server.url, {
    method: 'POST',
    headers: { 'Content-Type': 'text/xml', 'Content-Length': Buffer.byteLength(body), ...headers },
    ...(agent && { agent }),
  })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await read(response) }
}

/** The headers of a request of several parts. */
export const PARTS = { 'Content-Type': contentType('1.1') }
