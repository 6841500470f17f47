import type { Readable } from 'node:stream'

/** A request's body in chunks, taken as they are asked for: what nobody asks for stays with the caller. */
export class RequestBody implements AsyncIterator<Uint8Array> {
  /** Has it come to its end. */
  done = false
  private readonly chunks: AsyncIterator<Uint8Array>

  constructor(request: Readable) {
    // Never `return`: that would cut the connection before the answer.
    this.chunks = request[Symbol.asyncIterator]()
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const result = await this.chunks.next()
    if (result.done === true) this.done = true
    return result
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
