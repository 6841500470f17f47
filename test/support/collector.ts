/** Things in the order they came, and a way to wait for them. */
export interface Collector<T> {
  readonly all: readonly T[]
  /** Takes one more; a function of its own, to hand on. */
  readonly add: (one: T) => void
  /** Resolves to the first one that fits, whether it has come or is to come. */
  until(fits: (one: T) => boolean): Promise<T>
  /** Resolves to all of them when there are so many. */
  count(many: number): Promise<readonly T[]>
}

/** An empty collector. */
export function createCollector<T>(): Collector<T> {
  const all: T[] = []
  const lookers = new Set<() => void>()
  const when = <R>(found: () => R | undefined): Promise<R> =>
    new Promise((resolve) => {
      const look = () => {
        const it = found()
        if (it === undefined) return
        lookers.delete(look)
        resolve(it)
      }
      lookers.add(look)
      look()
    })
  return {
    all,
    add(one) {
      all.push(one)
      for (const look of lookers) look()
    },
    until: (fits) => when(() => all.find(fits)),
    count: (many) => when(() => (all.length >= many ? all : undefined)),
  }
}
