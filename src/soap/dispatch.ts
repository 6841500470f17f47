import type { ElementCodec, SoapValue } from './codec.ts'
import type { SoapContext } from './context.ts'
import type { Contract, Operation } from './contract.ts'
import { ContractError } from './contract-error.ts'
import { quoteName, SoapFault } from './fault.ts'
import type { XmlReader } from './scanner.ts'

/**
 * What the operations of a contract do: one function for each, by its name. It takes the input element's record and the
 * call's context, and gives the output element's record, or a promise of it; a `TypedFault` or `SoapFault` that it throws
 * is the answer, anything else is a Receiver fault.
 */
export type PortType = Readonly<Record<string, (input: never, context: SoapContext) => unknown>>

/** An operation and what it does. */
export interface BoundOperation {
  readonly operation: Operation
  readonly invoke: (input: SoapValue, context: SoapContext) => unknown
  /** May there be streams in its result. */
  readonly streams: boolean
}

/** The operations by local name, then namespace, of the body's element. */
export type Dispatch = ReadonlyMap<string, ReadonlyMap<string, BoundOperation>>

/** Puts the operations of a contract and of a port type together. Throws a `ContractError` where one lacks what the other has. */
export function bindOperations(contract: Contract, portType: PortType): Dispatch {
  const unbound = new Set(Object.keys(portType))
  const dispatch = new Map<string, Map<string, BoundOperation>>()
  for (const operation of contract.operations) {
    const invoke = Object.hasOwn(portType, operation.name) ? portType[operation.name] : undefined
    if (invoke === undefined) {
      throw new ContractError(`the port type lacks the operation ${operation.name} of ${contract.service}`)
    }
    unbound.delete(operation.name)
    const { namespace, local } = operation.input.name
    const byNamespace = dispatch.get(local) ?? new Map<string, BoundOperation>()
    if (byNamespace.has(namespace))
      throw new ContractError(`two operations of ${contract.service} take ${local}`)
    // The codec makes what the function takes: both come from the contract.
    const bound = {
      operation,
      invoke: invoke as BoundOperation['invoke'],
      streams: hasStreams(operation.output, new Set()),
    }
    dispatch.set(local, byNamespace.set(namespace, bound))
  }
  if (unbound.size > 0) {
    throw new ContractError(`${contract.service} does not declare the operation ${[...unbound].join(', ')}`)
  }
  return dispatch
}

/** `seen`: a type may contain itself. */
function hasStreams(codec: ElementCodec, seen: Set<ElementCodec>): boolean {
  if (codec.stream) return true
  if (seen.has(codec)) return false
  seen.add(codec)
  return codec.inside().some((inner) => hasStreams(inner, seen))
}

/** The operation of the body's element, on whose start the reader stands. Throws a `SoapFault` where there is none. */
export function findOperation(dispatch: Dispatch, reader: XmlReader): BoundOperation {
  const bound = dispatch.get(reader.local)?.get(reader.namespace)
  if (bound !== undefined) return bound
  const name = quoteName(reader.local)
  throw new SoapFault('Sender', `there is no operation <${name}> in "${quoteName(reader.namespace)}"`, {
    location: name,
  })
}

/** Throws a `SoapFault` for an action that is not the operation's. It is a hint that the body must bear out, never obeyed against it (soap 2). Empty or absent says nothing (SOAP 1.1, 6.1.1). */
export function checkAction(operation: Operation, given: string | undefined): void {
  if (given === undefined || given === operation.action || given === `"${operation.action}"`) return
  const action = given.trim().replace(/^"(.*)"$/, '$1')
  if (action !== '' && action !== operation.action) {
    throw new SoapFault('Sender', `the SOAPAction names another operation than <${operation.name}>`)
  }
}
