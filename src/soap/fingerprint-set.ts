/** Both halves of an empty slot are 0; of one that was emptied, the second is 1. No fingerprint has 0 as its first. */
const EMPTY = 0
const EMPTIED = 1
const FIRST_SLOTS = 1024

/** A set of fingerprints of 64 bits, in 16 to 32 bytes each: what a Map would take a hundred for. Open addressing, linear probing. */
export class FingerprintSet {
  #slots = new Uint32Array(2 * FIRST_SLOTS)
  #mask = FIRST_SLOTS - 1
  /** Slots that are not empty, those that were emptied too. */
  #taken = 0
  #size = 0

  /** Is it there. The halves are whole numbers of 32 bits. */
  has(high: number, low: number): boolean {
    return this.#find(high || 1, low) !== -1
  }

  /** Puts one in that is not there. */
  add(high: number, low: number): void {
    if (2 * (this.#taken + 1) > this.#mask) this.#grow()
    this.#put(high || 1, low)
  }

  /** Takes one out; false: it was not there. */
  delete(high: number, low: number): boolean {
    const at = this.#find(high || 1, low)
    if (at === -1) return false
    this.#slots[at] = EMPTY
    this.#slots[at + 1] = EMPTIED
    this.#size--
    return true
  }

  #find(high: number, low: number): number {
    const slots = this.#slots
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = 2 * slot
      if (slots[at] === high && slots[at + 1] === low) return at
      if (slots[at] === EMPTY && slots[at + 1] !== EMPTIED) return -1
    }
  }

  #put(high: number, low: number): void {
    let slot = low & this.#mask
    while (this.#slots[2 * slot] !== EMPTY) slot = (slot + 1) & this.#mask
    if (this.#slots[2 * slot + 1] !== EMPTIED) this.#taken++
    this.#slots[2 * slot] = high
    this.#slots[2 * slot + 1] = low
    this.#size++
  }

  /** More slots, or as many without those that were emptied. */
  #grow(): void {
    const old = this.#slots
    this.#slots = new Uint32Array(4 * this.#size > this.#mask ? 2 * old.length : old.length)
    this.#mask = this.#slots.length / 2 - 1
    this.#taken = 0
    this.#size = 0
    for (let at = 0; at < old.length; at += 2) {
      const high = old[at] as number
      if (high !== EMPTY) this.#put(high, old[at + 1] as number)
    }
  }
}
