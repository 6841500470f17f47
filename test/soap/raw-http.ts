import { once } from 'node:events'
import { connect } from 'node:net'

/** The bytes of a request; headers that are given stand behind the usual ones. */
export function request(body: string, ...headers: readonly string[]): string {
  const lines = ['POST / HTTP/1.1', 'Host: a.example', 'Content-Type: text/xml; charset=utf-8', ...headers]
  return `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Lets the other end of a connection, which is in this process, read what was written. */
export async function letRead(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/**
 * Writes pieces one by one, then no more, and gives all that comes back. It says that there is no more once so many answers
 * have begun, or once what is given for that says that nothing is worked on: a server drops what it still works on for a
 * caller who has ended.
 */
export async function exchange(
  port: number,
  pieces: readonly (string | Buffer)[],
  answers: number | (() => Promise<void>) = 0,
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  // A server that has said no more may not take what is still sent.
  const closed = new Promise((resolve) => {
    socket.on('close', resolve)
  })
  await once(socket, 'connect')
  for (const piece of pieces) {
    if (piece.length > 0 && socket.writable)
      socket.write(typeof piece === 'string' ? Buffer.from(piece) : piece)
    await letRead()
  }
  const come = (): number => Buffer.concat(chunks).toString('latin1').split('HTTP/1.1 ').length - 1
  if (typeof answers === 'function') await answers()
  else while (come() < answers && !socket.destroyed) await Promise.race([once(socket, 'data'), closed])
  socket.end()
  await closed
  return Buffer.concat(chunks).toString('latin1')
}
