import { availableParallelism } from 'node:os'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** What the young generation may take, both its halves, in bytes: of a server that has little to do, and of one that is busy. */
const REST_BYTES = 16 * 1024 ** 2
const BUSY_BYTES = 32 * 1024 ** 2
const CHECK_MS = 100
/** A loop that works for this part of its time is busy. */
const BUSY = 0.6
/** A server is busy once its loop was for so long, all in all, and rests once it has rested a hundred times as long. */
const BUSY_MS = 3000
const REST_WEIGHT = 1 / 100

/** With no more cores than this nobody is there to help with a collection of what is mostly garbage. */
const FEW_CORES = 2

/**
 * Bounds V8's young generation. Left alone it doubles with the first crowd of sessions up to 32 MiB and more, and a server whose
 * crowd then rests keeps that: 2 KiB for each of 10,000 sessions (`npm run bench scale`). A server that is busy for long
 * may have more: with twice as much, messages cost a seventh less processor time (`npm run bench:peers`), since what is under way
 * is copied by fewer collections. V8 takes the most it may have only from the command line, which is not ours; how
 * fast it grows can be told to it at any time.
 *
 * Where cores are few it is collected by one thread: to wake helpers and to wait for them took 5 to 12 % of the server's
 * processor time at window 64.
 */
export function boundYoungGeneration(): void {
  if (availableParallelism() <= FEW_CORES) setFlagsFromString('--no-parallel-scavenge')
  let grows = true
  let busy = false
  let busyMs = 0
  let before = performance.eventLoopUtilization()
  setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    const change = utilization >= BUSY ? CHECK_MS : -CHECK_MS * REST_WEIGHT
    busyMs = Math.max(0, Math.min(BUSY_MS, busyMs + change))
    if (busyMs === BUSY_MS) busy = true
    else if (busyMs === 0) busy = false
    const most = busy ? BUSY_BYTES : REST_BYTES
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    const may = young === undefined || young.space_size < most
    // It gives memory back where little is allocated for a while, and must be able to take it again.
    if (may !== grows) setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`)
    grows = may
  }, CHECK_MS).unref()
}
