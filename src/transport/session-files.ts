import { type AttachmentReader, checkFileName, checkMediaType, type Upload } from '../domain/attachments.ts'
import { decodeBase64, encodeBase64 } from '../domain/base64.ts'
import type { ByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import type { Claim, Messaging } from '../domain/messaging.ts'
import { chunkBytes } from '../wire/session.ts'

/** A file that a client sends, piece by piece. */
interface Incoming {
  readonly upload: Upload
  readonly name: ByteString
  readonly mediaType: ByteString
  /** What ATTACH announced, in bytes. */
  readonly size: number
  /** What came for it before is done: pieces keep their order. */
  turn: Promise<unknown>
}

/** What a session needs for its files. */
export interface SessionFilesOptions {
  readonly messaging: Messaging
  readonly maxTextBytes: number
  /** Whoever sends them has passed AUTH and need not be present. */
  readonly absent: boolean
}

/**
 * The files of one session: those it sends, until SENDATTACH, and the one it reads. No piece is held longer than it takes to
 * write or read it. What is unfinished when the session ends is discarded.
 */
export class SessionFiles {
  readonly #messaging: Messaging
  readonly #chunkBytes: number
  readonly #absent: boolean
  readonly #incoming = new Map<string, Incoming>()
  #lastUpload = 0
  /** The file that was read last stays open: the next piece is likely to be of it. */
  #open: { readonly seq: number; readonly reader: AttachmentReader } | undefined
  #fetching: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor({ messaging, maxTextBytes, absent }: SessionFilesOptions) {
    this.#messaging = messaging
    this.#chunkBytes = chunkBytes(maxTextBytes)
    this.#absent = absent
  }

  /** ATTACH: begins a file. Resolves to the name of the upload. */
  async attach(
    claim: Claim,
    name: ByteString,
    sizeField: ByteString,
    mediaType: ByteString,
  ): Promise<string> {
    checkFileName(name)
    checkMediaType(mediaType)
    const size = wholeNumber(sizeField, 'size')
    const upload = await this.#messaging.upload(claim, { size, absent: this.#absent })
    if (this.#closed) {
      await upload.discard()
      throw new Fault('not-connected', 'the session has ended')
    }
    // Those that rested too long are over; there are four under way at most.
    for (const [old, { upload }] of this.#incoming) if (upload.over) this.#incoming.delete(old)
    this.#lastUpload += 1
    const id = `u${this.#lastUpload}`
    this.#incoming.set(id, { upload, name, mediaType, size, turn: Promise.resolve() })
    return id
  }

  /** CHUNK: adds a piece. What is wrong with one ends its upload. */
  async chunk(id: ByteString, offsetField: ByteString, text: ByteString): Promise<void> {
    const incoming = this.#known(id)
    incoming.turn = incoming.turn.then(async () => {
      // An earlier piece may have ended it.
      this.#known(id)
      try {
        await incoming.upload.write(this.#piece(incoming, offsetField, text))
      } catch (error) {
        this.#incoming.delete(id)
        await incoming.upload.discard()
        throw error
      }
    })
    // What came behind it hears of its failure by itself.
    const done = incoming.turn
    incoming.turn = done.catch(() => {})
    await done
  }

  /** SENDATTACH: the file is complete and goes with this message. Resolves to the message's id. Whatever comes of it, the upload is over. */
  async send(
    claim: Claim,
    message: { readonly ref: ByteString; readonly recipient: ByteString; readonly text: ByteString },
    id: ByteString,
  ): Promise<number> {
    const incoming = this.#known(id)
    await incoming.turn
    this.#known(id)
    this.#incoming.delete(id)
    const { upload, name, mediaType, size } = incoming
    try {
      if (upload.size !== size) {
        throw new Fault('invalid-request', `the file was to have ${size} bytes, and ${upload.size} came`)
      }
      const attachment = { ...(await upload.finish()), name, mediaType }
      const [outcome] = await this.#messaging.send(claim, [{ ...message, attachment }], {
        absent: this.#absent,
      })
      if (typeof outcome !== 'number') throw outcome
      return outcome
    } finally {
      await upload.discard()
    }
  }

  /** FETCH: a piece of a file that waits, in base64; empty at its end. */
  async fetch(claim: Claim, seqField: ByteString, offsetField: ByteString): Promise<ByteString> {
    const seq = wholeNumber(seqField, 'seq')
    const offset = wholeNumber(offsetField, 'offset')
    const piece = this.#fetching.then(async () => {
      const reader = await this.#reader(claim, seq)
      try {
        return encodeBase64(await reader.read(offset, this.#chunkBytes))
      } catch (error) {
        await this.#closeReader()
        throw error
      }
    })
    this.#fetching = piece.catch(() => {})
    return piece
  }

  /** The session is over. Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#closed = true
    const unfinished = [...this.#incoming.values()]
    this.#incoming.clear()
    await Promise.all(unfinished.map(({ upload }) => upload.discard()))
    await this.#fetching
    await this.#closeReader()
  }

  #known(id: ByteString): Incoming {
    const incoming = this.#incoming.get(id)
    if (incoming !== undefined) return incoming
    throw new Fault(
      'invalid-request',
      `there is no upload ${id}: ATTACH begins one, and a fault or a long rest ends it`,
    )
  }

  /** The bytes of a CHUNK. Throws what is wrong with it. */
  #piece({ upload, size }: Incoming, offsetField: ByteString, text: ByteString): Uint8Array {
    const offset = wholeNumber(offsetField, 'offset')
    if (offset !== upload.size) {
      throw new Fault('invalid-request', `the next chunk begins at ${upload.size}, not at ${offset}`)
    }
    const bytes = decodeBase64(text)
    if (bytes === undefined) throw new Fault('invalid-request', 'a chunk is base64 (RFC 4648, 4)')
    if (bytes.length > this.#chunkBytes) {
      throw new Fault('too-large', `a chunk has at most ${this.#chunkBytes} bytes`)
    }
    if (offset + bytes.length > size) throw new Fault('too-large', `the file was to have ${size} bytes`)
    return bytes
  }

  async #reader(claim: Claim, seq: number): Promise<AttachmentReader> {
    if (this.#open?.seq === seq) return this.#open.reader
    await this.#closeReader()
    const reader = await this.#messaging.openAttachment(claim, seq)
    if (this.#closed) {
      await reader.close()
      throw new Fault('not-connected', 'the session has ended')
    }
    this.#open = { seq, reader }
    return reader
  }

  async #closeReader(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.reader.close()
  }
}

function wholeNumber(field: ByteString, what: string): number {
  if (/^\d{1,15}$/.test(field)) return Number(field)
  throw new Fault('invalid-request', `${what} is a whole number`)
}
