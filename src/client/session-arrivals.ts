import { type ByteString, fromByteString } from '../domain/byte-string.ts'
import type { Incoming, IncomingAttachment, IncomingMessage, Receive } from './client.ts'
import type { WaitingFile } from './session-download.ts'
import { Line } from './session-line.ts'
import type { Mark, Marks } from './session-marks.ts'
import { SeenMailbox } from './session-seen-mailbox.ts'

/** What arrivals work with. */
export interface ArrivalsContext {
  readonly receive: Receive
  readonly marks: Marks
  /** Is a SEND with this ref still without its answer. */
  unanswered(ref: ByteString): boolean
  /** Tells the server that everything up to and including `seq` was taken; does nothing while it is away. */
  confirm(seq: number): void
  /** How the bytes of a file come that waits for the user who is present now. */
  download(file: WaitingFile): IncomingAttachment['open']
  /** An item could not be taken, or that it was could not be written down. It was not confirmed. */
  failed(error: Error): void
}

interface Arrival {
  readonly item: Incoming
  /** Of a receipt: the ref of its SEND. */
  readonly ref: ByteString | undefined
  readonly mailbox: SeenMailbox
  /** Undefined: its message was shown before. */
  readonly mark: Mark | undefined
}

/** The fields of SEND_MESSAGE; SEND_MESS_ATTACH has the same, and then those of its file. */
const MESSAGE_FIELDS = 5

/** What a time of acceptance looks like (wire-protocol 2, SEND_MESSAGE). */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

/**
 * Items that have arrived, taken in order, one after the other, each once. They are confirmed together once per tick, after
 * that was written down. What arrives again was on its way when a connection went: it is confirmed and not shown.
 */
export class SessionArrivals {
  readonly #context: ArrivalsContext
  #mailbox: SeenMailbox | undefined
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
    this.#mailbox = new SeenMailbox(user, this.#context.marks.read(user))
  }

  /** The user is present no more: what was not taken stays on the server, and comes again. */
  end(): void {
    this.#items.clear()
    if (this.#mailbox === undefined) return
    this.#mailbox.arrived = this.#taking?.mark ?? this.#mailbox.shown
    this.#mailbox.files.clear()
  }

  /** The account is gone, or is a new one. */
  forget(user: string): void {
    this.#context.marks.forget(user)
    if (this.#mailbox?.user !== user) return
    this.#items.clear()
    this.#mailbox.over = true
    this.#mailbox = undefined
  }

  /** A SEND_MESSAGE or SEND_MESS_ATTACH. False: it is not one. */
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
    const words = { kind: 'message', id: place.id, sender: fromByteString(sender) } as const
    const item = { ...words, text: fromByteString(text), acceptedAt }
    if (fields.length === MESSAGE_FIELDS) this.#arrive(place, item, undefined)
    else return this.#arriveWithFile(place, item, fields.slice(MESSAGE_FIELDS))
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
    const through = mailbox.files.confirmable(mailbox.shown.seq)
    try {
      if (mailbox.written !== mailbox.shown) this.#context.marks.write(mailbox.user, mailbox.shown)
      mailbox.written = mailbox.shown
    } catch (error) {
      this.#context.failed(error as Error)
      return
    }
    if (through <= 0) return
    mailbox.files.confirm(through)
    this.#context.confirm(through)
  }

  /** Do its numbers make sense, and does the server keep to its window. */
  #admits({ seq, id }: Mark): boolean {
    const numbers = Number.isSafeInteger(seq) && seq > 0 && Number.isSafeInteger(id) && id >= 0
    return numbers && this.#items.length <= this.#room
  }

  #arrive(place: Mark, item: Incoming, ref: ByteString | undefined, attachment?: IncomingAttachment): void {
    let mailbox = this.#mailbox
    if (mailbox === undefined) return
    if (place.seq <= mailbox.arrived.seq) {
      if (mailbox.has(place)) {
        if (place.seq <= mailbox.shown.seq) this.#confirmSoon()
        return
      }
      mailbox = mailbox.replaced()
      this.#mailbox = mailbox
    }
    if (attachment !== undefined) mailbox.files.add(place.seq, attachment)
    this.#items.push({ item, ref, mailbox, mark: mailbox.arrive(place) })
    this.advance()
  }

  /** A message that has a file. One that was shown before is given out again for its file, unless that is under way or safe. */
  #arriveWithFile(place: Mark, item: IncomingMessage, fields: readonly ByteString[]): boolean {
    const [name, size, sha256, mediaType] = fields as readonly [
      ByteString,
      ByteString,
      ByteString,
      ByteString,
    ]
    const { seq } = place
    const file: WaitingFile = { seq, size: Number(size), sha256 }
    if (!Number.isSafeInteger(file.size) || file.size < 0) return false
    const attachment: IncomingAttachment = {
      name: fromByteString(name),
      size: file.size,
      sha256,
      mediaType: fromByteString(mediaType),
      lost: sha256 === '',
      open: this.#context.download(file),
      confirm: () => {
        if (this.#mailbox?.files.finish(seq, attachment) === true) this.#confirmSoon()
      },
    }
    const before = this.#mailbox
    if (before?.has(place) === true) {
      if (before.files.wasSafe(seq)) this.#confirmSoon()
      else if (!before.files.has(seq)) {
        before.files.add(seq, attachment)
        const again = { ...item, attachment, again: true } as const
        this.#items.push({ item: again, ref: undefined, mailbox: before, mark: undefined })
        this.advance()
      }
      return true
    }
    this.#arrive(place, { ...item, attachment }, undefined, attachment)
    return true
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
    if (mailbox.over || mark === undefined) return
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

function flush(arrivals: SessionArrivals): void {
  arrivals.flush()
}
