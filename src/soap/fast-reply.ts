import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { SoapResponse } from './exchange.ts'

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

/** The head up to the length, for the headers of results, which are always the same objects. */
const STARTS = new WeakMap<SoapResponse['headers'], string>()

function startOf({ status, headers }: SoapResponse): string {
  let start = status === 200 ? STARTS.get(headers) : undefined
  if (start !== undefined) return start
  start = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`
  for (const name in headers) start += `${name}: ${headers[name]}\r\n`
  start += 'Content-Length: '
  if (status === 200) STARTS.set(headers, start)
  return start
}

const REST = `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n\r\n`

/** Writes an answer as node:http would on a connection that is kept. Gives what `write` gives: false, wait for `drain`. */
export function writeReply(socket: Socket, response: SoapResponse): boolean {
  const { body } = response
  const start = startOf(response)
  if (typeof body !== 'string') {
    socket.write(`${start}${body.byteLength}\r\nDate: ${date()}${REST}`, 'latin1')
    return socket.write(body)
  }
  const bytes = Buffer.byteLength(body)
  const encoding = bytes === body.length ? 'latin1' : 'utf8'
  return socket.write(`${start}${bytes}\r\nDate: ${date()}${REST}${body}`, encoding)
}
