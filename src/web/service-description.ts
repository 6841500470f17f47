/** A text, as a person writes it. */
export interface SimpleDescription {
  readonly type: string
  /** The built-in type of XML Schema that it is made from. */
  readonly builtIn: string
  readonly sample: string
  /** All that it can be. Undefined: too many to list. */
  readonly choices: readonly string[] | undefined
}

interface Name {
  readonly namespace: string
  readonly local: string
}

/** An attribute of an element. */
export interface AttributeDescription {
  readonly name: Name
  readonly required: boolean
  /** What it must be. */
  readonly fixed: string | undefined
  readonly simple: SimpleDescription
}

/** An element of the contract. */
export interface ElementDescription {
  readonly name: Name
  /** Name of its type; undefined: it has none. */
  readonly type: string | undefined
  readonly documentation: string
  readonly nillable: boolean
  readonly attributes: readonly AttributeDescription[]
  /** The text inside. Undefined: there is none. */
  readonly simple: SimpleDescription | undefined
  /** Is the text inside base64 that may come as a part of its own instead, a file (MTOM). */
  readonly stream: boolean
  /** The elements inside, which may contain this one again. Undefined: there are none. */
  content(): PartDescription | undefined
}

/** An element, or a group of parts, that stands `min` to `max` (perhaps infinitely many) times. */
export interface PartDescription {
  readonly kind: 'element' | 'sequence' | 'choice' | 'any'
  readonly min: number
  readonly max: number
  readonly inside: readonly PartDescription[]
  readonly element: ElementDescription | undefined
}

interface Described {
  outline(): ElementDescription
}

/** An operation, as the services page shows it. */
export interface OperationDescription {
  readonly name: string
  readonly documentation: string
  readonly action: string
  /** A request to try. */
  readonly sample: string
  readonly input: Described
  readonly output: Described
  /** The details of its faults, by their names. */
  readonly faults: ReadonlyMap<string, Described>
}

/** Where a version of SOAP is spoken, and how. */
export interface PortDescription {
  readonly name: string
  readonly version: string
  /** Of the envelope. */
  readonly namespace: string
  readonly mediaType: string
}

/** A SOAP service, as browsers and tools see it: a page and a WSDL. */
export interface ServiceDescription {
  readonly service: string
  readonly documentation: string
  readonly ports: readonly PortDescription[]
  readonly operations: readonly OperationDescription[]
  readonly documents: ServiceDocuments
  /** Do its operations want to know who calls (WS-Security's UsernameToken, HTTP Basic or Bearer). Default: no. */
  readonly credentials?: boolean
}

/** The files of a service's contract, with this address in its ports and in the names of its files. */
export interface ServiceDocuments {
  /** One file; the WSDL where no name is given. Undefined: there is none of this name. */
  file(kind: 'wsdl' | 'xsd', name: string | undefined, address: string): string | undefined
  /** All of them in one WSDL. */
  single(address: string): string
}
