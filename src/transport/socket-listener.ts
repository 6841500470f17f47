import type { Socket } from 'node:net'

/** What a socket tells to whoever serves it. */
export interface SocketListener {
  read(chunk: Buffer): void
  onDrain(): void
  /** The peer sends no more. */
  onEnd(): void
  /** Nothing has come or gone for as long as the socket's time-out says. */
  onTimeout(): void
  onClose(): void
}

type ServedSocket = Socket & { [LISTENER]?: SocketListener }
const LISTENER = Symbol('listener')

const EVENTS = Object.entries({
  data(this: ServedSocket, chunk: Buffer) {
    this[LISTENER]?.read(chunk)
  },
  drain(this: ServedSocket) {
    this[LISTENER]?.onDrain()
  },
  end(this: ServedSocket) {
    this[LISTENER]?.onEnd()
  },
  timeout(this: ServedSocket) {
    this[LISTENER]?.onTimeout()
  },
  close(this: ServedSocket) {
    this[LISTENER]?.onClose()
  },
})

/** Has a socket tell its listener. All sockets share the functions: there are as many as users, and a closure for each event of each costs a kilobyte. */
export function listenTo(socket: Socket, listener: SocketListener): void {
  const served: ServedSocket = socket
  served[LISTENER] = listener
  for (const [event, tell] of EVENTS) served.on(event, tell)
}
