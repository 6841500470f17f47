import { encodeBase64 } from '../domain/base64.ts'
import { type ByteString, toByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import { chunkBytes } from '../wire/session.ts'
import type { OutgoingFile } from './outgoing-file.ts'
import type { SessionConnection } from './session-connection.ts'
import type { SessionReach } from './session-reach.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Pieces of a file that are on the wire and not answered. */
export const PIECES_AHEAD = 4

/** What uploads work with. */
export interface UploadsContext {
  /** A ref that no other message has. */
  nextRef(): ByteString
  /** A message was answered: its receipt may have waited for that. */
  answered(): void
}

interface Outgoing {
  readonly ref: ByteString
  readonly recipient: ByteString
  readonly text: ByteString
  readonly file: OutgoingFile
  readonly stop: AbortController
  /** SENDATTACH is on the wire, and not answered. */
  asked: boolean
  /** A receipt has shown that it was stored. */
  proven: number | undefined
}

/**
 * Messages with files, one after the other. What was lost with a connection is uploaded again on the next one and sent with
 * the same ref, so that it is stored once (docs/protocol.md, Files).
 */
export class SessionUploads {
  readonly #reach: SessionReach
  readonly #context: UploadsContext
  #turn: Promise<unknown> = Promise.resolve()
  readonly #outgoing = new Map<ByteString, Outgoing>()

  constructor(reach: SessionReach, context: UploadsContext) {
    this.#reach = reach
    this.#context = context
  }

  /** Sends when those before are sent; resolves to the message's id. Rejects with a `Fault`, the signal's reason, or the error of reading the file. */
  send(recipient: string, text: string, file: OutgoingFile, signal?: AbortSignal): Promise<number> {
    const fields = [recipient, text, file.name, file.mediaType ?? '']
    if (fields.some((field) => field.includes('\0'))) {
      return Promise.reject(
        new Fault('invalid-request', 'a message, its recipient and its file cannot hold NUL'),
      )
    }
    const outgoing: Outgoing = {
      ref: this.#context.nextRef(),
      recipient: toByteString(recipient),
      text: toByteString(text),
      file,
      stop: new AbortController(),
      asked: false,
      proven: undefined,
    }
    this.#outgoing.set(outgoing.ref, outgoing)
    const stop = () => outgoing.stop.abort(signal?.reason)
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop, { once: true })
    const sent = this.#turn.then(() => this.#send(outgoing))
    this.#turn = sent.catch(() => {})
    return unlessAborted(sent, signal).finally(() => signal?.removeEventListener('abort', stop))
  }

  /** Is the answer to the message with this ref on its way. */
  has(ref: ByteString): boolean {
    return this.#outgoing.get(ref)?.asked === true
  }

  /** A receipt shows that a message was stored, although its answer was lost: it need not be uploaded again. */
  proven(ref: ByteString, id: number): void {
    const outgoing = this.#outgoing.get(ref)
    if (outgoing === undefined || outgoing.asked) return
    outgoing.proven = id
    outgoing.stop.abort()
  }

  /** Resolves when all are sent, or have failed. */
  async settled(): Promise<void> {
    while (this.#outgoing.size > 0) await this.#turn
  }

  async #send(outgoing: Outgoing): Promise<number> {
    const { ref, stop } = outgoing
    try {
      for (;;) {
        stop.signal.throwIfAborted()
        const connection = await unlessAborted(this.#reach.present(), stop.signal)
        try {
          return await this.#attempt(connection, outgoing)
        } catch (error) {
          // Gone with its connection; it is the next one's.
          if (error instanceof Fault || !connection.ended || stop.signal.aborted) throw error
        }
      }
    } catch (error) {
      if (outgoing.proven !== undefined) return outgoing.proven
      throw error
    } finally {
      this.#outgoing.delete(ref)
    }
  }

  async #attempt(connection: SessionConnection, outgoing: Outgoing): Promise<number> {
    const { ref, recipient, text, file, stop } = outgoing
    const { name, size, mediaType = '' } = file
    const { maxTextBytes } = connection.terms
    // Over the server's limit it would end the connection (wire-protocol 2).
    if (text.length > maxTextBytes) throw new Fault('too-large', `a text has at most ${maxTextBytes} bytes`)
    const ask = (
      operation: 'USERS' | 'ATTACH' | 'CHUNK' | 'SENDATTACH',
      fields: readonly string[],
      own?: ByteString,
    ) => connection.request(operation, fields, { patient: true, ...(own === undefined ? {} : { ref: own }) })

    // SENDATTACH would tell only when the whole file is there. Both are on their way at once: it costs no round trip.
    const users = ask('USERS', [recipient])
    users.catch(() => {}) // it is awaited below
    const upload = await ask('ATTACH', [toByteString(name), String(size), toByteString(mediaType)])
    try {
      if (!(await users).startsWith(`${recipient} `)) throw new Fault('no-such-user', 'there is no such user')
      await this.#pieces(file, chunkBytes(maxTextBytes), stop.signal, (offset, piece) =>
        ask('CHUNK', [upload, String(offset), encodeBase64(piece)]),
      )
      stop.signal.throwIfAborted()
    } catch (error) {
      // A chunk without a place ends the upload (docs/protocol.md, Files).
      if (!connection.ended) void ask('CHUNK', [upload, '-', '']).catch(() => {})
      throw error
    }
    outgoing.asked = true
    try {
      return Number(await ask('SENDATTACH', [recipient, upload, text], ref))
    } finally {
      outgoing.asked = false
      this.#context.answered()
    }
  }

  /** Hands the pieces of a file on, a few at a time without an answer. */
  async #pieces(
    { size, content }: OutgoingFile,
    most: number,
    signal: AbortSignal,
    hand: (offset: number, piece: Uint8Array) => Promise<unknown>,
  ): Promise<void> {
    const unanswered: Promise<unknown>[] = []
    let offset = 0
    for await (const bytes of content()) {
      for (let at = 0; at < bytes.length; at += most) {
        signal.throwIfAborted()
        const piece = bytes.subarray(at, at + most)
        if (offset + piece.length > size) throw changed()
        const answer = hand(offset, piece)
        answer.catch(() => {}) // it is awaited in its turn
        unanswered.push(answer)
        offset += piece.length
        if (unanswered.length >= PIECES_AHEAD) await unanswered.shift()
      }
    }
    await Promise.all(unanswered)
    if (offset !== size) throw changed()
  }
}

function changed(): Fault {
  return new Fault('invalid-request', 'the file has another size than before: it changed while it was sent')
}
