import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { BodyStream, SoapResponse } from './exchange.ts'

/** Is a body made while it is written. */
export function isBodyStream(body: SoapResponse['body']): body is BodyStream {
  return typeof body === 'object' && 'chunks' in body
}

/**
 * Writes chunks as fast as they are taken. Rejects where they end with an error, or the other end is gone or takes nothing
 * for `stallMs` milliseconds; in any case their source is ended. It is the caller's to end or cut the connection.
 */
export async function writeChunks(
  sink: Writable,
  chunks: AsyncIterable<Uint8Array>,
  stallMs: number,
): Promise<void> {
  for await (const chunk of chunks) {
    if (sink.destroyed || sink.writableEnded) throw new Error('the caller is gone')
    if (!sink.write(chunk)) await drained(sink, stallMs)
  }
}

/**
 * Writes an answer's head and body, and does not end it. Does nothing where the caller is gone already; rejects as
 * `writeChunks` does.
 */
export async function writeAnswer(
  response: ServerResponse,
  { status, headers, body }: SoapResponse,
  stallMs: number,
): Promise<void> {
  if (response.destroyed) return
  const length = isBodyStream(body) ? body.length : Buffer.byteLength(body)
  response.writeHead(status, length === undefined ? headers : { ...headers, 'Content-Length': length })
  if (isBodyStream(body)) await writeChunks(response, body.chunks(), stallMs)
  else response.write(body)
}

function drained(sink: Writable, stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      clearTimeout(stalled)
      sink.off('drain', onDrain)
      sink.off('close', onClose)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onDrain = (): void => settle()
    const onClose = (): void => settle(new Error('the caller is gone'))
    const stalled = setTimeout(() => settle(new Error('the caller does not read')), stallMs)
    sink.on('drain', onDrain)
    sink.on('close', onClose)
  })
}
