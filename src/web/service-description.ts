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
  readonly documents: ServiceDocuments
}

/** The files of a service's contract, with this address in its ports and in the names of its files. */
export interface ServiceDocuments {
  /** One file; the WSDL where no name is given. Undefined: there is none of this name. */
  file(kind: 'wsdl' | 'xsd', name: string | undefined, address: string): string | undefined
  /** All of them in one WSDL. */
  single(address: string): string
}
