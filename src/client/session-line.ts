/** How many places at the front may be empty before they are given back. */
const MAX_EMPTY = 1_024

/** First in, first out, at the price of an array: places that became empty at the front are given back many at a time. */
export class Line<T> {
  #places: T[] = []
  #front = 0

  get length(): number {
    return this.#places.length - this.#front
  }

  push(one: T): void {
    this.#places.push(one)
  }

  /** The first one, which stays. */
  first(): T | undefined {
    return this.#places[this.#front]
  }

  /** The first one, which goes. */
  shift(): T | undefined {
    const one = this.#places[this.#front]
    if (this.#front === this.#places.length) return undefined
    this.#front += 1
    if (this.#front === this.#places.length) this.clear()
    else if (this.#front === MAX_EMPTY) {
      this.#places = this.#places.slice(this.#front)
      this.#front = 0
    }
    return one
  }

  clear(): void {
    this.#places = []
    this.#front = 0
  }

  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#front; at < this.#places.length; at++) yield this.#places[at] as T
  }
}
