import { toByteString } from '../domain/byte-string.ts'
import type { DeliveryChannel } from '../domain/delivery-channel.ts'
import type { Item } from '../domain/message.ts'
import type { Session } from '../domain/messaging.ts'
import type { Observer } from '../domain/observer.ts'
import { encodeLegacyFrame, legacyText } from '../wire/legacy.ts'
import type { DialBudget } from './dial-budget.ts'
import type { Dial } from './push-dial.ts'

/** The back-off between two tries: doubles from the first to the last, in milliseconds. */
const FIRST_BACK_OFF_MS = 5
const LAST_BACK_OFF_MS = 250

/** Deliveries whose confirmation is not on disk yet; beyond that the next one waits. So many may come again after a crash: this protocol cannot tell that. */
const MAX_UNSYNCED = 32

/** How patient the server is with a client that it dials, in milliseconds. */
export interface PushPatience {
  /** For this long after a CONNECT a refused dial is tried again. */
  readonly retryMs: number
  /** How long the client may take to read an item and close. */
  readonly readMs: number
}

/** What wire-protocol 1 says. */
export const PUSH_PATIENCE: PushPatience = { retryMs: 3000, readMs: 5000 }

/** Where a client listens, and since when. */
export interface LegacyPushTarget {
  /** Where the CONNECT came from; never an address that a field named (CVE-1999-0017). */
  readonly address: string
  readonly port: number
  readonly dial: Dial
  readonly dialBudget: DialBudget
  readonly patience: PushPatience
  readonly observer: Observer
}

/** A delivery channel that dials the client back, and the session that it reports to. */
export interface LegacyPushChannel extends DeliveryChannel {
  /** The session whose items it carries; to be set before the session starts. */
  session: Session | undefined
}

/** Delivers by dialling the client once per item, one item at a time; an item counts when the peer has read it and closed (wire-protocol 1). */
export function createLegacyPushChannel(target: LegacyPushTarget): LegacyPushChannel {
  const { address, port, dial, dialBudget, patience, observer } = target
  const retryUntil = performance.now() + patience.retryMs
  let open = true
  let underWay: Promise<void> = Promise.resolve()
  let unsynced = 0
  /** Lets a delivery go on that waits for a confirmation. */
  let goOn = (): void => {}

  const channel: LegacyPushChannel = {
    session: undefined,
    window: 1,
    push(items) {
      const item = items[0] as Item
      // This protocol cannot carry the file, and must not confirm it away. The service lets none be sent to an account that
      // this protocol may use; should there be one all the same, it waits for a session.
      if (item.kind === 'message' && item.attachment !== undefined) void channel.session?.end('gone')
      else underWay = deliver(item)
      return true
    },
    close() {
      open = false
      goOn()
      return underWay
    },
  }
  return channel

  async function deliver(item: Item): Promise<void> {
    if (unsynced >= MAX_UNSYNCED) {
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
    }
    const bytes = encodeItem(item)
    let backOff = FIRST_BACK_OFF_MS
    while (open) {
      const delay = dialBudget.delay(address)
      if (delay > 0) {
        await pause(delay)
        continue
      }
      const attempt = await dial({ address, port, bytes, readMs: patience.readMs })
      observer.dialled?.(attempt)
      if (attempt === 'delivered') {
        unsynced++
        void channel.session?.confirm(item.seq).then(() => {
          unsynced--
          goOn()
        })
        return
      }
      dialBudget.failed(address)
      if (attempt === 'failed' || performance.now() + backOff > retryUntil) break
      await pause(backOff)
      backOff = Math.min(backOff * 2, LAST_BACK_OFF_MS)
    }
    // Not awaited: ending the session waits for this very delivery.
    if (open) void channel.session?.end('gone')
  }
}

/** The push of one item, in the words of the original. */
function encodeItem(item: Item): Buffer {
  const id = toByteString(String(item.id))
  return item.kind === 'message'
    ? encodeLegacyFrame('SEND_MESSAGE', item.sender, id, legacyText(item.text))
    : encodeLegacyFrame('SEND_MESS_ACK', id)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
