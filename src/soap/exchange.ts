import type { Caller } from './context.ts'

/** An HTTP request, as far as SOAP looks at it. */
export interface SoapRequest {
  readonly caller: Caller
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly acceptEncoding: string | undefined
  readonly soapAction: string | undefined
  readonly body: Uint8Array
}

/** The answer to it; a body of text is to be written as UTF-8. */
export interface SoapResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}
