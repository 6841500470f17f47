/** A piece that is shorter is copied to others. */
const SMALL = 4096
const SLAB = 4 * SMALL

/**
 * Bytes that are put together as they come. Kept as the pieces that they came in, a body of single bytes (which chunked
 * framing allows) would take a hundred times its length in memory, and no limit would see it.
 */
export class GatheredBytes {
  /** How many there are. */
  length = 0
  private readonly pieces: Buffer[] = []
  private slab: Buffer | undefined = undefined
  private slabUsed = 0
  /** Where the last piece begins in the slab; undefined: it is not in it. */
  private slabFrom: number | undefined = undefined

  /** Adds a piece at the end, which nobody changes afterwards. */
  add(piece: Buffer): void {
    this.length += piece.length
    if (piece.length >= SMALL || this.pieces.length === 0) {
      this.pieces.push(piece)
      this.slabFrom = undefined
    } else this.copy(piece)
  }

  /** All of them. */
  all(): Buffer {
    const [only] = this.pieces
    return this.pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.pieces, this.length)
  }

  private copy(piece: Buffer): void {
    if (this.slab === undefined || this.slabUsed + piece.length > SLAB) {
      this.slab = Buffer.allocUnsafeSlow(SLAB)
      this.slabUsed = 0
      this.slabFrom = undefined
    }
    if (this.slabFrom !== undefined) this.pieces.pop()
    else this.slabFrom = this.slabUsed
    piece.copy(this.slab, this.slabUsed)
    this.slabUsed += piece.length
    this.pieces.push(this.slab.subarray(this.slabFrom, this.slabUsed))
  }
}
