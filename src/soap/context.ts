import type { Origin } from './caller-origin.ts'
import type { SoapFault } from './fault.ts'
import type { QName, XmlReader } from './scanner.ts'

/**
 * A header block that is understood: its name, and what reads it. The codec of an element is one.
 * `decode` reads the block on whose start tag the reader stands, to its end tag, and gives what the operation gets of it;
 * a `SoapFault` that it throws is the answer, after all other blocks were looked at.
 */
export interface HeaderHandler<T = unknown> {
  readonly name: QName
  decode(reader: XmlReader): T
  /** What is wrong with two such blocks. Default: a Sender fault that says so. */
  repeated?(): SoapFault
}

/** Who calls, as far as HTTP tells. */
export interface Caller extends Origin {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** Has a function called when the caller goes away before it has its answer. */
  onGone(listener: () => void): void
}

/** What an operation knows of its call besides its input. */
export interface SoapContext extends Omit<Caller, 'onGone'> {
  /** What the handler gave for its block; undefined: there was none for us. */
  header<T>(handler: HeaderHandler<T>): T | undefined
  /** Aborted when the caller goes away before it has its answer. */
  readonly signal: AbortSignal
}

/** The results of header blocks by their handlers. */
export type Headers = ReadonlyMap<HeaderHandler, unknown>

/** The context of one call; what few operations ask for is made when it is asked for. */
export class CallContext implements SoapContext {
  private readonly caller: Caller
  private readonly headers: Headers
  private controller: AbortController | undefined = undefined

  constructor(caller: Caller, headers: Headers) {
    this.caller = caller
    this.headers = headers
  }

  get authorization(): string | undefined {
    return this.caller.authorization
  }

  get remoteAddress(): string | undefined {
    return this.caller.remoteAddress
  }

  get secure(): boolean {
    return this.caller.secure
  }

  get forwarded(): boolean {
    return this.caller.forwarded
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      const controller = new AbortController()
      this.controller = controller
      this.caller.onGone(() => controller.abort())
    }
    return this.controller.signal
  }

  header<T>(handler: HeaderHandler<T>): T | undefined {
    return this.headers.get(handler) as T | undefined
  }
}
