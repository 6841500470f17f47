import { Fault, type FaultCode } from '../../domain/fault.ts'
import { TypedFault } from '../../soap/fault.ts'

/** What a refusal is to a SOAP caller: a wsdl:fault of wsdl/messaging.wsdl, and whose fault it is (SOAP 1.2 part 1, 5.4.6). */
interface Answer {
  readonly fault: string
  readonly code: 'Sender' | 'Receiver'
}

const sender = (fault: string): Answer => ({ fault, code: 'Sender' })
/** The same request may succeed later. */
const receiver = (fault: string): Answer => ({ fault, code: 'Receiver' })

const ANSWERS: Readonly<Record<FaultCode, Answer>> = {
  'no-such-user': sender('UserNotFound'),
  'user-exists': sender('UserExists'),
  'already-connected': sender('UserAlreadyConnected'),
  'not-connected': sender('InvalidRequest'),
  'not-authenticated': sender('NotAuthenticated'),
  'not-allowed': sender('NotAllowed'),
  'invalid-name': sender('InvalidRequest'),
  'invalid-request': sender('InvalidRequest'),
  'too-large': sender('MessageTooLong'),
  'mailbox-full': receiver('MailboxFull'),
  'try-again': receiver('TemporarilyUnavailable'),
  unavailable: receiver('TemporarilyUnavailable'),
  'unsupported-version': sender('InvalidRequest'),
}

/** An operation whose refusals are typed faults; what else it throws stays as it is. @param maxTextBytes what `MessageTooLong` tells. */
export function withTypedFaults<Arguments extends readonly unknown[], Output>(
  operation: (...given: Arguments) => Promise<Output>,
  maxTextBytes: number,
): (...given: Arguments) => Promise<Output> {
  return async (...given) => {
    try {
      return await operation(...given)
    } catch (error) {
      throw error instanceof Fault ? typedFault(error, maxTextBytes) : error
    }
  }
}

function typedFault({ code, message }: Fault, maxTextBytes: number): TypedFault {
  const answer = ANSWERS[code]
  return new TypedFault(answer.fault, message, code === 'too-large' ? { maxTextBytes } : {}, answer.code)
}

/** A refusal of the service that is about who calls: that there is no such user means that the caller is nobody. */
export function aboutCaller(error: unknown): unknown {
  const unknown = error instanceof Fault && error.code === 'no-such-user'
  return unknown ? new Fault('not-authenticated', 'there is no such user') : error
}
