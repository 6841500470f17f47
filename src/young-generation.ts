import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** What the young generation may take, both its halves, in bytes. Measured: with more there are no more messages a second. */
const MOST_BYTES = 16 * 1024 ** 2
const CHECK_MS = 100

/**
 * Keeps V8's young generation from growing on. Left alone it doubles with the first crowd of sessions up to 32 MiB and more,
 * and a server whose crowd then rests keeps that: 2 KiB for each of 10,000 sessions (`npm run bench scale`). V8 takes the
 * most it may have only from the command line, which is not ours; how fast it grows can be told to it at any time.
 */
export function boundYoungGeneration(): void {
  let grows = true
  setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    const may = young === undefined || young.space_size < MOST_BYTES
    // It gives memory back where little is allocated for a while, and must be able to take it again.
    if (may !== grows) setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`)
    grows = may
  }, CHECK_MS).unref()
}
