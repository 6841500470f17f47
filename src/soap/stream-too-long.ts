import { SoapFault } from './fault.ts'

/** What a stream of a request throws where there is more attached than a message may bring. */
export class StreamTooLong extends SoapFault {
  /** `limit`: in bytes. */
  constructor(limit: number) {
    super('Sender', `what is attached has more than ${limit} bytes`)
    this.name = 'StreamTooLong'
  }
}
