import { connect, type Socket } from 'node:net'

const IN_BYTES = 256 * 1024
const OUT_BYTES = 64 * 1024
/** How long an answer to one request may take. */
const PATIENCE_MS = 10_000

/** Takes what has arrived, from 0 to `end`, and says how much of it was whole frames; the rest comes again, with more behind it. */
export type Receive = (bytes: Buffer, end: number) => number

/**
 * A client's connection, made so that the load generator costs as little as it can: it reads into one buffer
 * that is used again, gathers what is to be written in another, and writes it with one call for each chunk read.
 */
export class Link {
  /** What to do with what arrives. */
  receive: Receive = (_bytes, end) => end
  /** What is to be written next, up to `length`. */
  out = Buffer.allocUnsafeSlow(OUT_BYTES)
  length = 0
  /** To be called when the answer to a ping has arrived; undefined: nobody waits for one. */
  pong: (() => void) | undefined
  readonly #socket: Socket

  private constructor(port: number) {
    const bytes = Buffer.allocUnsafeSlow(IN_BYTES)
    let free: Uint8Array = bytes
    let kept = 0
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: () => free,
        callback: (count) => {
          const end = kept + count
          const used = this.receive(bytes, end)
          kept = end - used
          if (kept > 0) bytes.copyWithin(0, used, end)
          free = kept > 0 ? bytes.subarray(kept) : bytes
          if (free.length === 0) throw new Error('a frame is longer than this bench can read')
          return true
        },
      },
    })
  }

  /** Connects to a server on this machine. `lost` is called when the connection ends before `close`. */
  static async open(port: number, lost: (why: string) => void): Promise<Link> {
    const link = new Link(port)
    await new Promise<void>((resolve, reject) => {
      link.#socket.once('connect', resolve).once('error', reject)
    })
    link.#socket
      .on('error', (error) => lost(error.message))
      .on('close', () => lost('the server closed the connection'))
    return link
  }

  /** Makes room for `count` more bytes at `length`, which the caller then writes and adds to `length`. */
  reserve(count: number): void {
    if (this.length + count <= this.out.length) return
    const larger = Buffer.allocUnsafeSlow(2 * this.out.length + count)
    this.out.copy(larger, 0, 0, this.length)
    this.out = larger
  }

  /** Adds a few bytes to what is to be written. */
  put(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.out.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.length === 0) return
    this.#socket.write(this.out.subarray(0, this.length))
    // What the system did not take at once still lies in the buffer: it must not be written over.
    if (this.#socket.writableLength > 0) this.out = Buffer.allocUnsafeSlow(this.out.length)
    this.length = 0
  }

  /** Writes a request and resolves to all that arrived, as latin1, once `done` says that it is the whole answer. For openings, not for load. */
  async exchange(request: string | Uint8Array, done: (answer: string) => boolean): Promise<string> {
    const before = this.receive
    return await new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`no answer to ${JSON.stringify(`${request}`)}`)),
        PATIENCE_MS,
      )
      this.receive = (bytes, end) => {
        const answer = bytes.toString('latin1', 0, end)
        if (!done(answer)) return 0
        clearTimeout(late)
        this.receive = before
        resolve(answer)
        return end
      }
      this.put(typeof request === 'string' ? Buffer.from(request, 'latin1') : request)
      this.flush()
    })
  }

  /** Writes a ping; resolves at `pong`: the server has read all that was written before. */
  async ping(frame: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.pong = resolve
      this.put(frame)
      this.flush()
    })
  }

  close(): void {
    this.#socket.removeAllListeners('close').removeAllListeners('error')
    this.#socket.on('error', () => {})
    this.#socket.destroy()
  }
}
