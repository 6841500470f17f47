import { SoapFault } from './fault.ts'
import { type PartHeaders, parsePartHeaders } from './mime-headers.ts'

/** What a multipart body is made of, in its order: a part begins, bytes of it, …, the body has ended. */
export type MimeEvent =
  | { readonly kind: 'part'; readonly headers: PartHeaders }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'end' }

/** What a multipart body may have besides the bytes of its parts. */
export interface MimeLimits {
  readonly parts: number
  /** Of one part; as much may stand before the first part, and after the last. */
  readonly partHeaderBytes: number
}

const CRLF = Buffer.from('\r\n')
const BLANK_LINE = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)
const CR = 0x0d
/** Blanks may stand behind a boundary (RFC 2046, 5.1.1: transport padding), but nobody sends so many. */
const MOST_PADDING = 256
const PADDING = /^[ \t]*$/
const LAST = /^--[ \t]*$/
const NO_LINE = 'too long for one'

/** Reads what it can of the bytes and gives the rest, which the next state reads; undefined: it must see more. */
type State = (bytes: Buffer, events: MimeEvent[]) => Buffer | undefined

/**
 * Takes a multipart body (RFC 2046, 5.1) apart as it comes, in whatever chunks. It keeps no more than a part's headers, or
 * what may be the beginning of a boundary. Bytes are views of the chunks. Stricter than the RFC where readers differ:
 * lines end with CR LF, and no line of a part may begin with the boundary.
 */
export class MimeParser {
  private readonly delimiter: Buffer
  private readonly limits: MimeLimits
  /** What was not read yet. The first boundary needs no line end before it: so there is one. */
  private held: Buffer = CRLF
  private parts = 0
  /** Bytes outside of parts: what stands before the first, then after the last. */
  private outside = 0
  /** Of a part's content: the line end of the blank line before it, which may belong to a boundary. */
  private notContent = 0

  constructor(boundary: string, limits: MimeLimits) {
    this.delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
    this.limits = limits
  }

  /** Takes the next bytes of the body. Throws a `SoapFault` for what is wrong; then it must not be used again. */
  write(chunk: Buffer): MimeEvent[] {
    const events: MimeEvent[] = []
    let rest: Buffer | undefined = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk])
    this.held = NOTHING
    while (rest !== undefined) rest = this.state(rest, events)
    return events
  }

  /** The body has no more bytes. Throws a `SoapFault` where the last boundary has not come. */
  end(): MimeEvent {
    const atLast = this.state === this.boundaryLine && LAST.test(this.held.toString('latin1'))
    if (this.state !== this.afterLast && !atLast) {
      throw new SoapFault('Sender', 'the multipart body ends before its last boundary')
    }
    return { kind: 'end' }
  }

  /** What stands before the first part is for nobody (RFC 2046, 5.1.1). */
  private readonly beforeFirst: State = (bytes) => {
    const at = bytes.indexOf(this.delimiter)
    const end = at === -1 ? this.safeLength(bytes) : at
    this.skip(end)
    if (at === -1) return this.hold(bytes, end)
    return this.enter(this.boundaryLine, bytes, at + this.delimiter.length)
  }

  /** The rest of the line that a boundary begins. */
  private readonly boundaryLine: State = (bytes) => {
    const end = bytes.indexOf(CRLF)
    if (end === -1 && bytes.length <= MOST_PADDING) return this.hold(bytes, 0)
    const line = end === -1 ? NO_LINE : bytes.toString('latin1', 0, end)
    // The line end stays: it is the first half of the blank line of a part without headers.
    if (PADDING.test(line)) return this.enter(this.headers, bytes, end)
    if (!LAST.test(line)) {
      throw new SoapFault(
        'Sender',
        'a line of the multipart body begins with the boundary and has more in it',
      )
    }
    this.outside = 0
    return this.enter(this.afterLast, bytes, end + CRLF.length)
  }

  private readonly headers: State = (bytes, events) => {
    const { parts, partHeaderBytes } = this.limits
    const end = bytes.indexOf(BLANK_LINE)
    if ((end === -1 ? bytes.length : end) > partHeaderBytes + BLANK_LINE.length) {
      throw new SoapFault('Sender', `the headers of a part have more than ${partHeaderBytes} bytes`)
    }
    if (end === -1) return this.hold(bytes, 0)
    if (++this.parts > parts) throw new SoapFault('Sender', `there are more than ${parts} parts`)
    const text = end === 0 ? '' : bytes.toString('latin1', CRLF.length, end)
    events.push({ kind: 'part', headers: parsePartHeaders(text) })
    this.notContent = CRLF.length
    return this.enter(this.content, bytes, end + CRLF.length)
  }

  private readonly content: State = (bytes, events) => {
    const at = bytes.indexOf(this.delimiter)
    const end = at === -1 ? this.safeLength(bytes) : at
    if (end > this.notContent) events.push({ kind: 'bytes', bytes: bytes.subarray(this.notContent, end) })
    if (end > 0) this.notContent = 0
    return at === -1
      ? this.hold(bytes, end)
      : this.enter(this.boundaryLine, bytes, at + this.delimiter.length)
  }

  /** Nor is what stands after the last part. */
  private readonly afterLast: State = (bytes) => {
    this.skip(bytes.length)
    return undefined
  }

  private state: State = this.beforeFirst

  private enter(state: State, bytes: Buffer, from: number): Buffer {
    this.state = state
    return bytes.subarray(from)
  }

  private hold(bytes: Buffer, from: number): undefined {
    this.held = bytes.subarray(from)
  }

  /** So many bytes are surely before any boundary: one has no CR but its first byte. */
  private safeLength(bytes: Buffer): number {
    const at = bytes.lastIndexOf(CR)
    return at !== -1 && at > bytes.length - this.delimiter.length ? at : bytes.length
  }

  private skip(bytes: number): void {
    this.outside += bytes
    if (this.outside > this.limits.partHeaderBytes) {
      throw new SoapFault('Sender', 'there is too much before the first part, or after the last')
    }
  }
}
