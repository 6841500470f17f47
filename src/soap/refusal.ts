/** An answer without a fault: it is not SOAP that is wrong. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  /** The reason is for the caller: it holds nothing internal. */
  constructor(status: number, reason: string, headers: Readonly<Record<string, string>> = {}) {
    super(reason)
    this.status = status
    this.headers = headers
  }
}

/** Why a request is refused with 503: memory is bounded over all callers. */
export const NO_ROOM = 'too much is held for other callers; try again'
