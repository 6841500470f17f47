import { setImmediate } from 'node:timers/promises'

/** How long one step may take, in milliseconds: what it can add to the time that a message takes. */
const STEP_MS = 1

/** Long work in small steps, between which the event loop turns: `if (steps.due) await steps.pause()`. */
export class SmallSteps {
  #until = performance.now() + STEP_MS

  /** Has this step taken long enough? */
  get due(): boolean {
    return performance.now() >= this.#until
  }

  /** Lets everybody else have a turn; the next step begins. What was read before may have changed. */
  async pause(): Promise<void> {
    await setImmediate()
    this.#until = performance.now() + STEP_MS
  }
}
