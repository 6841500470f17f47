import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fromByteString, toByteString } from '../../src/domain/byte-string.ts'
import { encodeFrame, SERVER_FRAMES, SessionDecoder } from '../../src/wire/session.ts'
import { type Actor, Hearing, Refusal } from './actor.ts'

/** Makes an actor who speaks the session protocol, with an open account, for a server on `port`. Confirms what it hears. */
export function createSessionActor(name: string, port: number): Actor {
  const heard = new Hearing()
  const answers = new Map<string, (result: string | Refusal) => void>()
  let connection: Promise<Socket> | undefined
  let refs = 0

  /** The connection that is open, or a new one. */
  async function open(): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    const decoder = new SessionDecoder(SERVER_FRAMES, 1 << 21, (operation, bytes) => {
      const [first = '', second = '', , , text = ''] = bytes.map(fromByteString)
      if (operation === 'OK') answers.get(first)?.(second)
      else if (operation === 'FAULT') answers.get(first)?.(new Refusal(second))
      else if (operation === 'SEND_MESSAGE') heard.take(`${second}: ${text}`)
      else if (operation === 'SEND_MESS_ACK') heard.take(`receipt ${second}`)
      else if (operation === 'PING') socket.write(encodeFrame('PONG', first))
      if (operation.startsWith('SEND_')) socket.write(encodeFrame('ACK', first))
    })
    socket.on('data', (chunk) => decoder.decode(chunk)).on('error', () => {})
    socket.on('close', () => {
      for (const answer of answers.values()) answer(new Refusal('the connection was closed'))
      connection = undefined
    })
    socket.write(encodeFrame('SESSION', '1'))
    return socket
  }

  async function request(operation: string, ...fields: readonly string[]): Promise<string> {
    connection ??= open()
    const socket = await connection
    const ref = `${name}-${refs++}`
    const answer = new Promise<string | Refusal>((resolve) => answers.set(ref, resolve))
    socket.write(encodeFrame(operation, toByteString(ref), ...fields.map(toByteString)), 'latin1')
    const result = await answer
    answers.delete(ref)
    if (result instanceof Refusal) throw result
    return result
  }

  async function hangUp(): Promise<void> {
    const socket = await connection
    if (socket === undefined || socket.destroyed) return
    socket.resetAndDestroy()
    await once(socket, 'close')
  }

  return {
    name,
    heard,
    registers: async () => void (await request('REGISTER', name, '')),
    unregisters: async () => void (await request('UNREGISTER')),
    connects: async () => void (await request('CONNECT', name, 'takeover')),
    disconnects: async () => void (await request('DISCONNECT')),
    async sends(recipient, text) {
      return Number(await request('SEND', typeof recipient === 'string' ? recipient : recipient.name, text))
    },
    vanishes: hangUp,
    leaves: hangUp,
  }
}
