import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What came of many who connect in a short time. */
export interface Crowd {
  /** Those who registered, connected, sent themselves a message and got it and its receipt. */
  readonly served: number
  /** Those whose connection ended before. */
  readonly turnedAway: number
  /** From the first dial until the last was served, in milliseconds. */
  readonly milliseconds: number
}

/** The answers that somebody waits for: OK of all three requests, the message and its receipt. */
const DONE = /\0SEND_MESS_ACK\0/

/** So many new users connect, spread over a time, and each sends himself a message. Their connections stay open until all are served. */
export async function openCrowd(
  port: number,
  count: number,
  withinMs: number,
  names = 'user',
): Promise<Crowd> {
  const started = performance.now()
  const sockets: Socket[] = []
  let served = 0
  let turnedAway = 0
  const people: Promise<void>[] = []
  for (let n = 0; n < count; n++) {
    const due = started + (n * withinMs) / count
    const early = due - performance.now()
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early))
    people.push(come(n))
  }
  await Promise.all(people)
  const milliseconds = performance.now() - started
  for (const socket of sockets) socket.destroy()
  return { served, turnedAway, milliseconds: Math.round(milliseconds) }

  async function come(n: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    sockets.push(socket)
    const user = `${names}${n}`
    let heard = ''
    let confirmed = false
    socket.on('error', () => {})
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text
      const [, seq] = /\0SEND_MESSAGE\0(\d+)\0/.exec(heard) ?? []
      if (seq !== undefined && !confirmed) {
        confirmed = true
        socket.write(`ACK\0${seq}\0`)
      }
      if (DONE.test(heard)) socket.emit('served')
    })
    const life = `SESSION\x001\0REGISTER\0r\0${user}\0\0CONNECT\0c\0${user}\0\0SEND\0s\0${user}\0hello\0`
    socket.write(life)
    const ending = await Promise.race([once(socket, 'served'), once(socket, 'close')]).catch(() => ['error'])
    if (ending.length === 0 && DONE.test(heard)) served++
    else turnedAway++
  }
}
