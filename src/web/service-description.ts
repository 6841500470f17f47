/** An operation, as the services page shows it. */
export interface OperationDescription {
  readonly name: string
  readonly documentation: string
  readonly action: string
  /** A request to try. */
  readonly sample: string
}

/** A SOAP service, as browsers and tools see it: a page and a WSDL. */
export interface ServiceDescription {
  readonly service: string
  readonly documentation: string
  readonly operations: readonly OperationDescription[]
  /** The WSDL with this address in its ports. */
  wsdl(address: string): string
}
