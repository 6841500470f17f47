import type { Readable } from 'node:stream'

/** A caller that has more to send must send so many bytes a millisecond, beyond the time that any request may take. */
const LEAST_RATE = 8

/**
 * A request's body in chunks, taken as they are asked for: what nobody asks for stays with the caller. Who sends too slowly
 * is cut off: the time that was waited for chunks is at most `timeoutMs` and what their bytes take at 8 kB a second.
 */
export class RequestBody implements AsyncIterator<Uint8Array> {
  /** Has it come to its end. */
  done = false
  private readonly chunks: AsyncIterator<Uint8Array>

  private readonly request: Readable
  private allowedMs: number

  constructor(request: Readable, timeoutMs: number) {
    this.request = request
    this.allowedMs = timeoutMs
    // Never `return`: that would cut the connection before the answer.
    this.chunks = request[Symbol.asyncIterator]()
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const began = performance.now()
    const late = setTimeout(() => this.request.destroy(), Math.max(0, this.allowedMs))
    try {
      const result = await this.chunks.next()
      if (result.done === true) this.done = true
      else this.allowedMs += result.value.byteLength / LEAST_RATE
      return result
    } finally {
      clearTimeout(late)
      this.allowedMs -= performance.now() - began
    }
  }

  /** Reads what is left and throws it away, at most so many bytes of it. Never rejects. */
  async discard(most: number): Promise<void> {
    try {
      for (let left = most; left > 0; ) {
        const { done, value } = await this.next()
        if (done === true) return
        left -= value.byteLength
      }
    } catch {
      // The caller is gone.
    }
  }
}
