import { randomBytes } from 'node:crypto'
import { type ByteString, toByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import { MAX_NAME_BYTES } from '../domain/user-name.ts'
import { encodeFrame } from '../wire/session.ts'
import { passes } from './reconnect.ts'
import { Line } from './session-line.ts'
import type { SessionTerms } from './session-opening.ts'

/** How much may wait for the server's answer, also while it is away. Beyond that a SEND is refused with `try-again`. */
export interface SendLimits {
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
}

/** Enough for seconds of full speed, and for a long outage of a person. */
export const SEND_LIMITS: SendLimits = { maxWaiting: 65_536, maxWaitingBytes: 64 * 1024 * 1024 }

/** Where SENDs go while a user is present. */
export interface SendChannel {
  readonly terms: SessionTerms
  write(frames: string): void
}

interface Send {
  readonly ref: ByteString
  readonly frame: ByteString
  readonly textBytes: number
  /** It was written on an earlier connection too, so it may be stored already. */
  again: boolean
  /** The caller waits no longer: answered, refused or given up. */
  settled: boolean
  resolve(id: number): void
  reject(error: Error): void
}

/** So many windows may be on the wire: while the server stores one, the next is there already. */
const WINDOWS_AHEAD = 2

/**
 * The SENDs that have no answer yet, in order. What was on the wire when a connection went is sent again on the next one with
 * the same ref, before anything else, so that the server knows it again (wire-protocol 2, SEND) and order is kept.
 */
export class SessionSends {
  readonly #limits: SendLimits
  /** Refs are unlike those of every other run: the server may still know them. */
  readonly #prefix = randomBytes(9).toString('base64url')
  #count = 0
  #bytes = 0
  /** Were written on a connection, this one or an earlier one. */
  readonly #written = new Map<ByteString, Send>()
  readonly #waiting = new Line<Send>()
  #channel: SendChannel | undefined
  #idle: (() => void) | undefined

  constructor(limits: SendLimits) {
    this.#limits = limits
  }

  /** Sends as soon as it can; resolves to the message's id. Rejects with a `Fault`, or the signal's reason. */
  send(recipient: string, text: string, signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const to = toByteString(recipient)
      const bytes = toByteString(text)
      const refusal = this.#refusal(to, bytes)
      if (refusal !== undefined) return reject(refusal)
      const ref = this.nextRef()
      const frame = encodeFrame('SEND', ref, to, bytes)
      const send: Send = {
        ref,
        frame,
        textBytes: bytes.length,
        again: false,
        settled: false,
        resolve,
        reject,
      }
      if (signal !== undefined) this.#giveUpOn(signal, send)
      this.#bytes += frame.length
      this.#waiting.push(send)
      this.#advance()
    })
  }

  /** A ref that no other message of this run has, nor of any other. */
  nextRef(): ByteString {
    this.#count += 1
    return `${this.#prefix}${this.#count.toString(36)}` as ByteString
  }

  /** Was it written, and not answered. */
  has(ref: ByteString): boolean {
    return this.#written.has(ref)
  }

  /** A user is present: what may have been lost goes out again, then what waits. */
  begin(channel: SendChannel): void {
    let again = ''
    for (const send of this.#written.values()) {
      if (send.settled || !this.#fits(send, channel)) {
        this.#remove(send)
        continue
      }
      send.again = true
      again += send.frame
    }
    if (again !== '') channel.write(again)
    this.#channel = channel
    this.#advance()
  }

  /** Nothing is written until the next `begin`. */
  pause(): void {
    this.#channel = undefined
    this.#idle?.()
  }

  /**
   * The server's answer; one to nothing of ours is ignored. False: it says nothing, since the SEND may have been stored
   * before and the server only refuses to look; it has to be sent once more, on another connection.
   */
  answered(ref: ByteString, outcome: number | Fault): boolean {
    const send = this.#written.get(ref)
    if (send === undefined) return true
    if (send.again && !send.settled && passes(outcome)) return false
    this.#remove(send)
    settle(
      send,
      Number.isNaN(outcome) ? new Fault('unavailable', 'the server answered without an id') : outcome,
    )
    this.#advance()
    if (this.#written.size === 0) this.#idle?.()
    return true
  }

  /** A receipt shows that a SEND was stored, although its answer was lost; the answer still has to come, and `has` it until then. */
  proven(ref: ByteString, id: number): void {
    const send = this.#written.get(ref)
    if (send !== undefined) settle(send, id)
  }

  /** Resolves when all that was written is answered, or nothing can be. */
  settled(): Promise<void> {
    if (this.#channel === undefined || this.#written.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = () => {
        this.#idle = undefined
        resolve()
      }
    })
  }

  /** Nobody is present any more: whoever waits is told. */
  end(reason: Error): void {
    const all = [...this.#written.values(), ...this.#waiting]
    this.#written.clear()
    this.#waiting.clear()
    this.#bytes = 0
    this.pause()
    for (const send of all) settle(send, reason)
  }

  #refusal(recipient: ByteString, text: ByteString): Fault | undefined {
    if (recipient.includes('\0') || text.includes('\0')) {
      return new Fault('invalid-request', 'a message and the name of its recipient cannot hold NUL')
    }
    if (recipient.length === 0 || recipient.length > MAX_NAME_BYTES) {
      return new Fault('no-such-user', `a user name has 1 to ${MAX_NAME_BYTES} bytes`)
    }
    const { maxWaiting, maxWaitingBytes } = this.#limits
    const waiting = this.#written.size + this.#waiting.length
    if (waiting >= maxWaiting || this.#bytes + text.length > maxWaitingBytes) {
      return new Fault(
        'try-again',
        `${waiting} messages wait for the server already: send this one when some of them are answered`,
      )
    }
    return undefined
  }

  /** A text over the server's limit would end the connection (wire-protocol 2). */
  #fits(send: Send, { terms }: SendChannel): boolean {
    if (send.textBytes <= terms.maxTextBytes) return true
    settle(send, new Fault('too-large', `a text has at most ${terms.maxTextBytes} bytes`))
    return false
  }

  #advance(): void {
    const channel = this.#channel
    if (channel === undefined) return
    const room = channel.terms.window * WINDOWS_AHEAD
    while (this.#written.size < room) {
      const send = this.#waiting.shift()
      if (send === undefined) return
      if (send.settled || !this.#fits(send, channel)) {
        this.#bytes -= send.frame.length
        continue
      }
      this.#written.set(send.ref, send)
      channel.write(send.frame)
    }
  }

  #remove(send: Send): void {
    this.#written.delete(send.ref)
    this.#bytes -= send.frame.length
  }

  /** One that was not written yet is never sent; one that was may have been stored. */
  #giveUpOn(signal: AbortSignal, send: Send): void {
    const abort = () => settle(send, signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    const { resolve, reject } = send
    send.resolve = (id) => {
      signal.removeEventListener('abort', abort)
      resolve(id)
    }
    send.reject = (error) => {
      signal.removeEventListener('abort', abort)
      reject(error)
    }
  }
}

function settle(send: Send, outcome: number | Error): void {
  if (send.settled) return
  send.settled = true
  if (typeof outcome === 'number') send.resolve(outcome)
  else send.reject(outcome)
}
