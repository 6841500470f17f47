import { quoteName, SoapFault } from './fault.ts'
import type { QName } from './scanner.ts'

/** The fault of a request that the schema forbids, with the place: an element, and which child of it. */
export function invalid(element: QName, rule: string, child?: string): SoapFault {
  const location = child === undefined ? element.local : `${element.local}/${quoteName(child)}`
  return new SoapFault('Sender', `<${element.local}> ${rule}`, { location })
}
