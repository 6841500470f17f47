import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { BodyStream, SoapResponse } from './exchange.ts'
import { writeChunks } from './http-body.ts'

/** node:http's default, which its answers announce. */
export const KEEP_ALIVE_MS = 5000

let dateText = ''
let dateUntil = 0

/** The Date header's value, made anew once a second. */
function date(): string {
  const now = Date.now()
  if (now >= dateUntil) {
    dateText = new Date(now).toUTCString()
    dateUntil = now - (now % 1000) + 1000
  }
  return dateText
}

const LENGTH = 'Content-Length: '

/** The head up to the length, for the headers of results, which are always the same objects. */
const STARTS = new WeakMap<SoapResponse['headers'], string>()

function startOf({ status, headers }: SoapResponse): string {
  let start = status === 200 ? STARTS.get(headers) : undefined
  if (start !== undefined) return start
  start = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`
  for (const name in headers) start += `${name}: ${headers[name]}\r\n`
  start += LENGTH
  if (status === 200) STARTS.set(headers, start)
  return start
}

const REST = `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n\r\n`

/** Writes an answer as node:http would on a connection that is kept. Gives what `write` gives: false, wait for `drain`. */
export function writeReply(
  socket: Socket,
  response: SoapResponse,
  body: Exclude<SoapResponse['body'], BodyStream>,
): boolean {
  const start = startOf(response)
  if (typeof body !== 'string') {
    socket.write(`${start}${body.byteLength}\r\nDate: ${date()}${REST}`, 'latin1')
    return socket.write(body)
  }
  const bytes = Buffer.byteLength(body)
  const encoding = bytes === body.length ? 'latin1' : 'utf8'
  return socket.write(`${start}${bytes}\r\nDate: ${date()}${REST}${body}`, encoding)
}

/** Writes an answer while it is made, as `writeChunks` does. */
export function writeStreamedReply(
  socket: Socket,
  response: SoapResponse,
  body: BodyStream,
  stallMs: number,
): Promise<void> {
  const start = startOf(response)
  const { length } = body
  const framing =
    length === undefined ? `${start.slice(0, -LENGTH.length)}Transfer-Encoding: chunked` : `${start}${length}`
  socket.write(`${framing}\r\nDate: ${date()}${REST}`, 'latin1')
  return writeChunks(socket, length === undefined ? inChunks(body) : body.chunks(), stallMs)
}

/** RFC 9112, 7.1. */
async function* inChunks(body: BodyStream): AsyncGenerator<Uint8Array> {
  for await (const bytes of body.chunks()) {
    if (bytes.byteLength === 0) continue
    yield Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
  }
  yield Buffer.from('0\r\n\r\n')
}
