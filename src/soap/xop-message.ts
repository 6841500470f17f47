import type { SoapValue } from './codec.ts'
import type { HoldBytes } from './exchange.ts'
import { quoteName, SoapFault } from './fault.ts'
import { GatheredBytes } from './gathered-bytes.ts'
import type { SoapLimits } from './limits.ts'
import { parseMediaType } from './media-type.ts'
import { type MimeEvent, MimeParser } from './mime-parser.ts'
import type { PartReferences } from './part-references.ts'
import { NO_ROOM, Refusal } from './refusal.ts'
import type { SoapStream } from './soap-stream.ts'
import { replaceIn } from './stream-slots.ts'
import { StreamTooLong } from './stream-too-long.ts'
import { actionsOf, XOP_MEDIA_TYPE, type XopMediaType } from './xop-media-type.ts'

/** A part that an element refers to. */
interface Wanted {
  readonly contentId: string
  /** Of an element that is not streamed: what stands for its bytes, and what must be so of them. */
  readonly whole: { readonly placeholder: Uint8Array; check(bytes: Uint8Array): void } | undefined
  mediaType: string | undefined
  seen: boolean
}

/** The part with the envelope. */
export interface XopRoot {
  readonly bytes: Buffer
  readonly charset: string | undefined
  /** What all its media types say of the action. */
  readonly actions: readonly string[]
}

function fault(reason: string): SoapFault {
  return new SoapFault('Sender', reason)
}

/**
 * A message of several parts while it arrives (XOP 1.0). It is read as far as somebody asks for it: first the envelope,
 * then what plain elements refer to, then what the operation takes of its streams; nothing is read ahead of that.
 */
export class XopMessage implements PartReferences {
  private readonly source: AsyncIterator<Uint8Array>
  private readonly media: XopMediaType
  private readonly limits: SoapLimits
  private readonly hold: HoldBytes
  private readonly parser: MimeParser
  private readonly wanted = new Map<string, Wanted>()
  private readonly bytesOf = new Map<object, Uint8Array>()
  private rootId: string | undefined = undefined
  private events: MimeEvent[] = []
  /** What came after the envelope: it is looked at when it is known what the envelope refers to. */
  private following: MimeEvent | undefined = undefined
  /** The part whose bytes come next. */
  private current: Wanted | undefined = undefined
  private wholeBytes = 0
  private streamedBytes = 0
  private reading = false
  private failure: unknown

  constructor(media: XopMediaType, source: AsyncIterator<Uint8Array>, limits: SoapLimits, hold: HoldBytes) {
    this.hold = hold
    this.media = media
    this.source = source
    this.limits = limits
    this.parser = new MimeParser(media.boundary, limits)
  }

  /** Reads the first part, which must be the envelope. Rejects with a `SoapFault` or `Refusal`. */
  async readRoot(): Promise<XopRoot> {
    const first = await this.next()
    if (first.kind !== 'part') throw fault('the multipart body has no part')
    const { contentId, media } = first.headers
    const { start } = this.media
    if (start !== undefined && contentId !== start) {
      throw fault('the part that the parameter start names must be the first')
    }
    if (media?.essence !== XOP_MEDIA_TYPE) {
      throw fault(`the Content-Type of the first part must be ${XOP_MEDIA_TYPE}`)
    }
    // XOP 1.0, 4.1: as start-info says it for the whole.
    const type = parseMediaType(media.parameters.get('type') ?? '')
    if (type !== undefined && type.essence !== this.media.version.mediaType) {
      throw fault('the type of the first part must be what start-info says')
    }
    this.rootId = contentId
    const { bytes, following } = await this.readWhole()
    this.following = following
    return { bytes, charset: media.charset, actions: [...this.media.actions, ...actionsOf(media, type)] }
  }

  /**
   * Reads what elements that are not streamed refer to, up to the first stream or the end of the message.
   * Rejects as `readRoot` does.
   */
  async readAhead(): Promise<void> {
    let next = this.following as MimeEvent
    for (;;) {
      this.arrive(next)
      const whole = (this.current as Wanted | undefined)?.whole
      if (whole === undefined) break
      const { bytes, following } = await this.readWhole()
      whole.check(bytes)
      this.bytesOf.set(whole.placeholder, bytes)
      next = following
    }
    if ([...this.wanted.values()].some(({ whole, seen }) => whole !== undefined && !seen)) {
      throw fault('parts that are not streamed must come before those that are')
    }
  }

  /** Puts the bytes that `readAhead` has read where they belong. */
  settle(input: SoapValue): SoapValue {
    if (this.bytesOf.size === 0) return input
    return replaceIn(input, (value) => this.bytesOf.get(value)) as SoapValue
  }

  bytes(contentId: string, check: (bytes: Uint8Array) => void): Uint8Array {
    const placeholder = new Uint8Array(0)
    this.want({ contentId, whole: { placeholder, check }, mediaType: undefined, seen: false })
    return placeholder
  }

  stream(contentId: string, mediaType: string | undefined): SoapStream {
    const wanted: Wanted = { contentId, whole: undefined, mediaType, seen: false }
    this.want(wanted)
    let taken = false
    return {
      get mediaType() {
        return wanted.mediaType
      },
      stream: () => {
        if (taken) throw new Error('the stream was taken before')
        taken = true
        return this.read(wanted)
      },
    }
  }

  private want(wanted: Wanted): void {
    const { contentId } = wanted
    if (contentId === this.rootId) throw fault('an xop:Include refers to the part that it stands in')
    if (this.wanted.has(contentId)) throw fault(`two elements refer to the part ${quoteName(contentId)}`)
    this.wanted.set(contentId, wanted)
  }

  private async *read(wanted: Wanted): AsyncGenerator<Uint8Array> {
    if (this.reading) throw new Error('the streams of a message must be read one after the other')
    this.reading = true
    try {
      // Parts before it that nobody has read are passed over.
      while (this.current !== wanted) {
        if (wanted.seen) throw new Error('the stream has gone by')
        await this.step()
      }
      for (;;) {
        const bytes = await this.step()
        if (bytes === undefined) return
        yield bytes
      }
    } finally {
      this.reading = false
    }
  }

  /** The next bytes of the part under way; undefined: it has ended, and what follows it is as it must be. */
  private async step(): Promise<Uint8Array | undefined> {
    const event = await this.next()
    if (event.kind !== 'bytes') {
      this.arrive(event)
      return undefined
    }
    this.streamedBytes += event.bytes.length
    if (this.streamedBytes > this.limits.attachmentBytes) {
      throw this.fail(new StreamTooLong(this.limits.attachmentBytes))
    }
    return event.bytes
  }

  /** A part begins, or the message has ended. */
  private arrive(event: MimeEvent): void {
    this.current = undefined
    if (event.kind === 'part') this.current = this.partOf(event.headers.contentId, event.headers.mediaType)
    else {
      const missing = [...this.wanted.values()].find(({ seen }) => !seen)
      if (missing !== undefined) throw this.fail(fault(`there is no part ${quoteName(missing.contentId)}`))
    }
  }

  private partOf(contentId: string | undefined, mediaType: string | undefined): Wanted {
    const wanted = contentId === undefined ? undefined : this.wanted.get(contentId)
    if (wanted === undefined) {
      const name = contentId === undefined ? 'without a Content-ID' : quoteName(contentId)
      throw this.fail(fault(`no element refers to the part ${name}`))
    }
    if (wanted.seen) throw this.fail(fault(`there are two parts ${quoteName(wanted.contentId)}`))
    wanted.seen = true
    wanted.mediaType ??= mediaType
    return wanted
  }

  /** The rest of the part under way, and what follows it. */
  private async readWhole(): Promise<{ readonly bytes: Buffer; readonly following: MimeEvent }> {
    const bytes = new GatheredBytes()
    let following = await this.next()
    while (following.kind === 'bytes') {
      this.wholeBytes += following.bytes.length
      if (this.wholeBytes > this.limits.bodyBytes) {
        const reason = `what is not streamed has more than ${this.limits.bodyBytes} bytes`
        throw this.fail(new Refusal(413, reason))
      }
      if (!this.hold(following.bytes.length, this.wholeBytes)) {
        throw this.fail(new Refusal(503, NO_ROOM, { 'Retry-After': '1' }))
      }
      bytes.add(following.bytes)
      following = await this.next()
    }
    return { bytes: bytes.all(), following }
  }

  private async next(): Promise<MimeEvent> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure
      const event = this.events.shift()
      if (event !== undefined) return event
      const { done, value } = await this.source.next().catch(() => {
        throw this.fail(fault('the request was not sent to its end'))
      })
      try {
        if (done === true) return this.parser.end()
        this.events = this.parser.write(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      } catch (error) {
        throw this.fail(error)
      }
    }
  }

  /** What is wrong once, is wrong for all who ask. */
  private fail<E>(error: E): E {
    this.failure ??= error
    return error
  }
}
