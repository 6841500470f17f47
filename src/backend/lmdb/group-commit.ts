import { Fault } from '../../domain/fault.ts'

interface Waiter {
  resolve(): void
  reject(fault: Fault): void
}

/** What a group commit works with. */
export interface GroupCommitOptions {
  /** Hands everything that has changed to the driver, in one go; resolves when it is synced. Undefined: nothing has changed. */
  readonly write: () => Promise<unknown> | undefined
  /** What was written is on disk. Called before the waiters learn of it. */
  readonly committed: () => void
  /** It is not. Called before the waiters learn of it. */
  readonly failed: (error: unknown) => void
}

/** One commit at a time; what comes in meanwhile shares the next. */
export interface GroupCommit {
  /** Resolves when what has changed up to now is synced; rejects with `unavailable` if that failed. */
  join(): Promise<void>
  /**
   * The same for what nobody waits for at a prompt: it goes with the next commit that somebody joins, or makes one of its own
   * a little later.
   */
  ride(): Promise<void>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

/** Waiting for those who shared the last commit ends after so long, in milliseconds. */
const GATHER_MS = 0.15
/** A commit does not wait any more once so much of them is there. */
const GATHERED = 0.75
/** What rides waits no longer than this for others, in milliseconds. */
const RIDE_MS = 1

/** Groups changes into commits: all that one turn of the event loop brings, or all that came while the last commit was under way. */
export function createGroupCommit({ write, committed, failed }: GroupCommitOptions): GroupCommit {
  let waiters: Waiter[] = []
  let underWay = false
  let scheduled = false
  /** Runs out when those who ride have waited enough. */
  let riding: NodeJS.Timeout | undefined
  /** How many of the waiters have joined, and how many had when the last commit began that anybody joined. */
  let joined = 0
  let lastJoined = 0

  return {
    join: () =>
      new Promise((resolve, reject) => {
        waiters.push({ resolve, reject })
        joined++
        schedule()
      }),
    ride: () =>
      new Promise((resolve, reject) => {
        waiters.push({ resolve, reject })
        scheduleRide()
      }),
    async idle() {
      while (underWay || scheduled || riding !== undefined) {
        if (riding !== undefined) schedule()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }

  function schedule(): void {
    if (underWay || scheduled) return
    clearTimeout(riding)
    riding = undefined
    scheduled = true
    // After the sockets of this turn have been read, so that their requests share a commit.
    setImmediate(gather, performance.now() + GATHER_MS)
  }

  function scheduleRide(): void {
    if (underWay || scheduled) return
    riding ??= setTimeout(schedule, RIDE_MS)
  }

  /**
   * Those who shared the last commit were answered together and come back together, over a few turns: a commit that left
   * with the first of them would let the others wait for all of it. Looks at the sockets again until most are there.
   */
  function gather(deadline: number): void {
    if (joined >= lastJoined * GATHERED || performance.now() >= deadline) commit()
    else setImmediate(gather, deadline)
  }

  function commit(): void {
    scheduled = false
    underWay = true
    const sharing = waiters
    if (joined > 0) lastJoined = joined
    joined = 0
    waiters = []
    let writing: Promise<unknown> | undefined
    try {
      writing = write()
    } catch (error) {
      writing = Promise.reject(error)
    }
    if (writing === undefined) {
      underWay = false
      for (const waiter of sharing) waiter.resolve()
      return
    }
    writing.then(
      () => {
        committed()
        finish()
        for (const waiter of sharing) waiter.resolve()
      },
      (error) => {
        // What came meanwhile builds on what was lost, so it shares its fate.
        const lost = [...sharing, ...waiters]
        waiters = []
        joined = 0
        failed(error)
        finish()
        const fault = new Fault('unavailable', 'the server could not store this')
        for (const waiter of lost) waiter.reject(fault)
      },
    )
  }

  function finish(): void {
    underWay = false
    if (joined > 0) schedule()
    else if (waiters.length > 0) scheduleRide()
  }
}
