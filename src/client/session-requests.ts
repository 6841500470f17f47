import type { ByteString } from '../domain/byte-string.ts'
import type { Fault } from '../domain/fault.ts'
import { TimedOut } from './errors.ts'

/** How a request is made. */
export interface RequestManner {
  readonly ref?: string
  /** Called with the result at once, before anything that came behind it is read. */
  readonly done?: (result: ByteString) => void
  /** It takes as long as it takes: only a connection that goes ends it. */
  readonly patient?: boolean
}

interface Pending {
  resolve(result: ByteString): void
  reject(error: Error): void
}

/** The requests of one connection that wait for their answers; SENDs are not among them. */
export class SessionRequests {
  readonly #address: string
  readonly #timeoutMs: number
  readonly #pending = new Map<string, Pending>()
  #lastRef = 0

  constructor(address: string, timeoutMs: number) {
    this.#address = address
    this.#timeoutMs = timeoutMs
  }

  /** A ref that no SEND has. */
  nextRef(): string {
    this.#lastRef += 1
    return `r${this.#lastRef}`
  }

  /** A request is about to be written; resolves to its result. Rejects with the fault that answers it, with `TimedOut`, or as `fail` says. */
  begin(ref: string, { done, patient = false }: RequestManner): Promise<ByteString> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#pending.delete(ref)
        reject(noAnswer(this.#address, this.#timeoutMs))
      }
      const timer = patient ? undefined : setTimeout(giveUp, this.#timeoutMs)
      this.#pending.set(ref, {
        resolve(result) {
          clearTimeout(timer)
          done?.(result)
          resolve(result)
        },
        reject(error) {
          clearTimeout(timer)
          reject(error)
        },
      })
    })
  }

  /** OK. False: it answers none of these. */
  succeeded(ref: ByteString, result: ByteString): boolean {
    const pending = this.#take(ref)
    pending?.resolve(result)
    return pending !== undefined
  }

  /** FAULT, likewise. */
  refused(ref: ByteString, fault: Fault): boolean {
    const pending = this.#take(ref)
    pending?.reject(fault)
    return pending !== undefined
  }

  /** No answer will come any more. */
  fail(reason: Error): void {
    for (const pending of this.#pending.values()) pending.reject(reason)
    this.#pending.clear()
  }

  #take(ref: ByteString): Pending | undefined {
    // Answers to SENDs come by the thousand, and mostly nothing else is waited for.
    if (this.#pending.size === 0) return undefined
    const pending = this.#pending.get(ref)
    this.#pending.delete(ref)
    return pending
  }
}

/** The error of a server that is silent. */
export function noAnswer(address: string, timeoutMs: number): TimedOut {
  return new TimedOut(address, `${address} did not answer within ${timeoutMs / 1000} s: is it a dms server?`)
}
