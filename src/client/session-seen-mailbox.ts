import { type Mark, NO_MARK } from './session-marks.ts'
import { UnsafeFiles } from './session-unsafe-files.ts'

/**
 * A mailbox of the server, as far as this client has seen it.
 *
 * A name that is registered again has seqs above its old ones. But a server whose data was thrown away begins anew, and what it
 * sends must not be taken for what was shown: of the old mailbox, nothing up to the last seq has a larger id, or a later
 * time, than all that was shown of it together, whatever the clock did. What has is of another mailbox.
 */
export class SeenMailbox {
  readonly user: string
  /** What was taken. */
  shown: Mark
  /** What has arrived, taken or not. */
  arrived: Mark
  /** What was written down as taken. */
  written: Mark
  readonly files = new UnsafeFiles()
  /** The server has another one by now: what is still taken of this one must not be confirmed in the other. */
  over = false

  constructor(user: string, shown: Mark, written = shown) {
    this.user = user
    this.shown = shown
    this.arrived = shown
    this.written = written
  }

  /** Is an item of this place one that has arrived already. */
  has({ seq, id, at }: Mark): boolean {
    return seq <= this.arrived.seq && id <= this.arrived.id && at <= this.arrived.at
  }

  /** An item has arrived. Returns what has arrived up to it. */
  arrive({ seq, id, at }: Mark): Mark {
    this.arrived = { seq, id: Math.max(this.arrived.id, id), at: later(at, this.arrived.at) }
    return this.arrived
  }

  /** The mailbox that the server has instead. */
  replaced(): SeenMailbox {
    this.over = true
    return new SeenMailbox(this.user, NO_MARK, this.written)
  }
}

/** Of two times in ISO 8601, both UTC; text order is time order. */
function later(one: string, other: string): string {
  return one < other ? other : one
}
