import { connect, type Socket } from 'node:net'
import { meetsItself } from '../domain/address.ts'
import type { DialOutcome } from '../domain/observer.ts'

/** What is to be pushed, and to whom. */
export interface Push {
  readonly address: string
  readonly port: number
  /** The frame. */
  readonly bytes: Buffer
  /** How long the client may take to read it and close, in milliseconds. */
  readonly readMs: number
}

/** Pushes over a connection of its own. Never rejects. */
export type Dial = (push: Push) => Promise<DialOutcome>

/** Where what a client might say goes, for all of them: nobody reads it, and a buffer for each would cost more than the push. */
const UNREAD = { buffer: Buffer.alloc(64), callback: () => true }

/**
 * One connection: send, half-close, wait for the peer's close (wire-protocol 1). A write that succeeded proves nothing, and
 * neither does a close: a peer that closed before the bytes came has not read them, and TCP need not tell. So the last byte is
 * held back until a close that came earlier would have been seen.
 */
export function dialAndPush({ address, port, bytes, readMs }: Push): Promise<DialOutcome> {
  return new Promise((resolve) => {
    let connected = false
    let whole = false
    let failure: DialOutcome | undefined
    const socket: Socket = connect({ host: address, port, noDelay: true, onread: UNREAD })
    const deadline = setTimeout(() => fail('failed'), readMs)
    socket.on('connect', () => {
      // It would read its own message and close.
      if (meetsItself(socket)) return fail('refused')
      connected = true
      socket.write(bytes.subarray(0, -1))
      // The second is behind one round of reading from sockets.
      setImmediate(() => setImmediate(finish))
    })
    socket.on('error', () => fail(connected ? 'failed' : 'refused'))
    socket.on('end', () => {
      if (!whole) fail('failed')
    })
    socket.on('close', () => {
      clearTimeout(deadline)
      resolve(failure ?? 'delivered')
    })
    // What the peer might say is not read for its sense, only so that its close is seen.
    socket.resume()

    function finish(): void {
      if (socket.destroyed) return
      whole = true
      socket.end(bytes.subarray(-1))
    }

    function fail(why: DialOutcome): void {
      failure ??= why
      socket.destroy()
    }
  })
}
