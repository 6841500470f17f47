import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fromByteString, type toByteString } from '../../src/domain/byte-string.ts'
import { SERVER_FRAMES } from '../../src/wire/session.ts'

/** A frame that a server sent: its operation and fields. */
export type ServerFrame = readonly [operation: string, ...fields: string[]]

/** How long a frame may take to come, in milliseconds, before the test fails and says what came in its place. */
const FRAME_WITHIN_MS = 10_000

/** A test's hand on one connection of the session protocol: it does what it is told, also what no client would do. */
export interface SessionPeer {
  readonly socket: Socket
  /** Every frame that came so far. */
  readonly frames: readonly ServerFrame[]
  /** Sends frames, all in one write. */
  send(...frames: readonly (readonly (string | number)[])[]): void
  /** Sends the ACK of an item. */
  confirm(item: ServerFrame): void
  /** Sends bytes as they are. */
  write(bytes: string | Uint8Array): void
  /** Resolves to the first frame, come or to come, that nobody has taken yet and that is wanted. */
  take(wanted: string | ((frame: ServerFrame) => boolean)): Promise<ServerFrame>
  /** Sends a request and resolves to its reply: `['OK', result]` or `['FAULT', code, reason]`. */
  ask(operation: string, ...fields: readonly (string | number)[]): Promise<readonly string[]>
  /** The reply to the request with this ref. */
  reply(ref: string): Promise<readonly string[]>
  /** The next frames of this kind, taken together. */
  takeAll(operation: string, count: number): Promise<ServerFrame[]>
  /** Resolves when the connection is over, whoever ended it. */
  readonly closed: Promise<void>
  close(): Promise<void>
}

let refs = 0

/** Talks over a socket that is open. */
export function speakSession(socket: Socket): SessionPeer {
  const frames: ServerFrame[] = []
  const untaken: ServerFrame[] = []
  const waiting = new Set<() => void>()
  let rest: string[] = ['']
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    const [first = '', ...more] = chunk.toString('latin1').split('\0')
    rest = [...rest.slice(0, -1), `${rest.at(-1)}${first}`, ...more]
    let start = 0
    for (;;) {
      const count = SERVER_FRAMES.get(rest[start] ?? '')
      if (count === undefined || start + count + 1 >= rest.length) break
      const frame = rest.slice(start, start + count + 1).map((field) => fromByteString(toBytes(field)))
      frames.push(frame as unknown as ServerFrame)
      untaken.push(frame as unknown as ServerFrame)
      start += count + 1
    }
    rest = rest.slice(start)
    for (const look of waiting) look()
  })

  const peer: SessionPeer = {
    socket,
    frames,
    closed,
    send: (...sent) => peer.write(sent.map((frame) => frame.map((field) => `${field}\0`).join('')).join('')),
    confirm: (item) => peer.send(['ACK', item[1] ?? '']),
    write: (bytes) => void socket.write(bytes),
    take(wanted) {
      const fits = typeof wanted === 'string' ? ([operation]: ServerFrame) => operation === wanted : wanted
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => fail('did not come in time'), FRAME_WITHIN_MS)
        function look(): void {
          const at = untaken.findIndex(fits)
          if (at === -1) return
          stop()
          resolve(untaken.splice(at, 1)[0] as ServerFrame)
        }
        function fail(why: string): void {
          stop()
          reject(new Error(`${wanted} ${why}; untaken: ${shown(untaken)}`))
        }
        function stop(): void {
          clearTimeout(timer)
          waiting.delete(look)
        }
        waiting.add(look)
        look()
        void closed.then(() => waiting.has(look) && fail('did not come before the connection closed'))
      })
    },
    ask(operation, ...fields) {
      const ref = `t${refs++}`
      peer.send([operation, ref, ...fields])
      return peer.reply(ref)
    },
    async reply(ref) {
      const [outcome, , ...rest] = await peer.take(
        ([operation, of]) => (operation === 'OK' || operation === 'FAULT') && of === ref,
      )
      return [outcome, ...rest]
    },
    async takeAll(operation, count) {
      const taken: ServerFrame[] = []
      while (taken.length < count) taken.push(await peer.take(operation))
      return taken
    },
    async close() {
      socket.destroy()
      await closed
    },
  }
  return peer
}

const shown = (frames: readonly ServerFrame[]) =>
  JSON.stringify(frames.slice(0, 20).map((frame) => frame.map((field) => field.slice(0, 40))))

/** Dials a server and says nothing yet. */
export async function dialSessionPeer(port: number): Promise<SessionPeer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const peer = speakSession(socket)
  await once(socket, 'connect')
  return peer
}

const toBytes = (latin1: string): ReturnType<typeof toByteString> => latin1 as ReturnType<typeof toByteString>
