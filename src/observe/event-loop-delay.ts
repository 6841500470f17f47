/** How often the event loop is looked at, in milliseconds. */
const EVERY_MS = 20

/**
 * Watches how late the event loop is, until the returned function is called: `observe` gets the delay, in seconds, that
 * somebody would have had who came at that moment. What could not be looked at while the loop was held up is counted
 * too, as late as it would have been: otherwise a second of standstill would be one bad moment among many good ones.
 */
export function watchEventLoop(observe: (seconds: number) => void): () => void {
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    for (const delay of delaysOf(now - last)) observe(delay / 1000)
    last = now
  }, EVERY_MS).unref()
  return () => clearInterval(timer)
}

/** The delays of all looks that should have been taken within so many milliseconds since the last one; the latest is on time or late itself. */
export function* delaysOf(elapsed: number): Generator<number> {
  yield Math.max(0, elapsed - EVERY_MS)
  for (let delay = elapsed - 2 * EVERY_MS; delay > 0; delay -= EVERY_MS) yield delay
}
