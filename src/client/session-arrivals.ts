import { type ByteString, fromByteString } from '../domain/byte-string.ts'
import type { Incoming, Receive } from './client.ts'
import { Line } from './session-line.ts'
import { type Mark, type Marks, NO_MARK } from './session-marks.ts'

/** What arrivals work with. */
export interface ArrivalsContext {
  readonly receive: Receive
  readonly marks: Marks
  /** Is a SEND with this ref still without its answer. */
  unanswered(ref: ByteString): boolean
  /** Tells the server that everything up to and including `seq` was taken; does nothing while it is away. */
  confirm(seq: number): void
  /** An item could not be taken, or that it was could not be written down. It was not confirmed. */
  failed(error: Error): void
}

/** A mailbox of the server, as far as this client has seen it. */
interface Mailbox {
  readonly user: string
  /** What was taken. */
  shown: Mark
  /** What has arrived, taken or not. */
  arrived: Mark
  written: Mark
  /** The server has another one by now: what is still taken of this one must not be confirmed in the other. */
  over: boolean
}

interface Arrival {
  readonly item: Incoming
  /** Of a receipt: the ref of its SEND. */
  readonly ref: ByteString | undefined
  readonly mailbox: Mailbox
  readonly mark: Mark
}

/** What a time of acceptance looks like (wire-protocol 2, SEND_MESSAGE). */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

/**
 * Items that have arrived, taken in order, one after the other, each once. They are confirmed together once per tick, after
 * that was written down. What arrives again was on its way when a connection went: it is confirmed and not shown.
 *
 * A name that is registered again has seqs above its old ones. But a server whose data was thrown away begins anew, and what it
 * sends must not be taken for what was shown: of the old mailbox, nothing up to the last seq has a larger id, or a later
 * time, than all that was shown of it together, whatever the clock did. What has is of another mailbox.
 */
export class SessionArrivals {
  readonly #context: ArrivalsContext
  #mailbox: Mailbox | undefined
  readonly #items = new Line<Arrival>()
  /** How many may have arrived and not been taken: what the server's window allows. */
  #room = 0
  /** The item that somebody is taking, while that takes time. */
  #taking: Arrival | undefined
  #confirming = false
  /** An item could not be taken: none behind it may be, since a confirmation is for all before it as well. */
  #stuck = false
  #lastTime = ''

  constructor(context: ArrivalsContext) {
    this.#context = context
  }

  /** A user is about to be present. Throws the error of the file system when what was shown cannot be read. */
  begin(user: string, window: number): void {
    this.#room = Math.max(this.#room, window)
    this.#stuck = false
    if (this.#mailbox?.user === user) return
    const mark = this.#context.marks.read(user)
    this.#mailbox = { user, shown: mark, arrived: mark, written: mark, over: false }
  }

  /** The user is present no more: what was not taken stays on the server, and comes again. */
  end(): void {
    this.#items.clear()
    if (this.#mailbox !== undefined) this.#mailbox.arrived = this.#taking?.mark ?? this.#mailbox.shown
  }

  /** The account is gone, or is a new one. */
  forget(user: string): void {
    this.#context.marks.forget(user)
    if (this.#mailbox?.user !== user) return
    this.#items.clear()
    this.#mailbox.over = true
    this.#mailbox = undefined
  }

  /** A SEND_MESSAGE. False: it is not one. */
  message(fields: readonly ByteString[]): boolean {
    const [seq, sender, id, acceptedAt, text] = fields as readonly [
      ByteString,
      ByteString,
      ByteString,
      ByteString,
      ByteString,
    ]
    if (acceptedAt !== this.#lastTime) {
      if (!ISO_TIME.test(acceptedAt)) return false
      this.#lastTime = acceptedAt
    }
    const place = { seq: Number(seq), id: Number(id), at: acceptedAt as string }
    if (!this.#admits(place)) return false
    const item = { kind: 'message', id: place.id, sender: fromByteString(sender) } as const
    this.#arrive(place, { ...item, text: fromByteString(text), acceptedAt }, undefined)
    return true
  }

  /** A SEND_MESS_ACK. False: it is not one. */
  receipt(fields: readonly ByteString[]): boolean {
    const [seq, id, ref, recipient] = fields as readonly [ByteString, ByteString, ByteString, ByteString]
    const place = { seq: Number(seq), id: Number(id), at: '' }
    if (!this.#admits(place)) return false
    this.#arrive(place, { kind: 'receipt', id: place.id, recipient: fromByteString(recipient) }, ref)
    return true
  }

  /**
   * Goes on taking. A receipt is not taken before the answer to its SEND has come: were it confirmed before a SEND that
   * is sent again arrives, the server would no longer know that one, and store it twice (wire-protocol 2, SEND).
   */
  advance(): void {
    while (this.#taking === undefined && !this.#stuck) {
      const arrival = this.#items.first()
      if (arrival === undefined) return
      if (arrival.ref !== undefined && this.#context.unanswered(arrival.ref)) return
      this.#items.shift()
      this.#take(arrival)
    }
  }

  /** Writes down and confirms now what was to be confirmed soon. */
  flush(): void {
    if (!this.#confirming) return
    this.#confirming = false
    const mailbox = this.#mailbox
    if (mailbox === undefined || mailbox.shown.seq === 0) return
    try {
      if (mailbox.written !== mailbox.shown) this.#context.marks.write(mailbox.user, mailbox.shown)
      mailbox.written = mailbox.shown
    } catch (error) {
      this.#context.failed(error as Error)
      return
    }
    this.#context.confirm(mailbox.shown.seq)
  }

  /** Do its numbers make sense, and does the server keep to its window. */
  #admits({ seq, id }: Mark): boolean {
    const numbers = Number.isSafeInteger(seq) && seq > 0 && Number.isSafeInteger(id) && id >= 0
    return numbers && this.#items.length <= this.#room
  }

  #arrive(place: Mark, item: Incoming, ref: ByteString | undefined): void {
    let mailbox = this.#mailbox
    if (mailbox === undefined) return
    if (place.seq <= mailbox.arrived.seq) {
      if (place.id <= mailbox.arrived.id && place.at <= mailbox.arrived.at) {
        if (place.seq <= mailbox.shown.seq) this.#confirmSoon()
        return
      }
      mailbox.over = true
      mailbox = { ...mailbox, shown: NO_MARK, arrived: NO_MARK, over: false }
      this.#mailbox = mailbox
    }
    const { id, at } = mailbox.arrived
    mailbox.arrived = {
      seq: place.seq,
      id: Math.max(id, place.id),
      at: later(place.at, at),
    }
    this.#items.push({ item, ref, mailbox, mark: mailbox.arrived })
    this.advance()
  }

  #take(arrival: Arrival): void {
    let taken: void | Promise<void>
    try {
      taken = this.#context.receive(arrival.item)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (taken === undefined) {
      this.#taken(arrival)
      return
    }
    this.#taking = arrival
    taken.then(
      () => {
        this.#taking = undefined
        this.#taken(arrival)
        this.advance()
      },
      (error) => {
        this.#taking = undefined
        this.#fail(error)
      },
    )
  }

  #fail(error: unknown): void {
    this.#stuck = true
    this.#context.failed(error as Error)
  }

  #taken({ mailbox, mark }: Arrival): void {
    if (mailbox.over) return
    mailbox.shown = mark
    if (mailbox === this.#mailbox) this.#confirmSoon()
    else this.#context.marks.write(mailbox.user, mark) // somebody else is connected by now
  }

  #confirmSoon(): void {
    if (this.#confirming) return
    this.#confirming = true
    // After everything else that this tick brings, and all that is taken at once.
    process.nextTick(flush, this)
  }
}

/** Of two times in ISO 8601, both UTC; text order is time order. */
function later(one: string, other: string): string {
  return one < other ? other : one
}

function flush(arrivals: SessionArrivals): void {
  arrivals.flush()
}
