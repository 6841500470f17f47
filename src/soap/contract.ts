import { readFile } from 'node:fs/promises'
import type { ElementCodec } from './codec.ts'
import { type ContractDocuments, createContractDocuments } from './contract-documents.ts'
import { ContractError } from './contract-error.ts'
import { type ContractFiles, readContractFiles, schemasOf, WSDL } from './contract-files.ts'
import { keyOf } from './declarations.ts'
import { PROBLEM } from './fault.ts'
import type { QName } from './scanner.ts'
import { compileSchemas, type Schemas } from './schema.ts'
import { CLOSE_ENVELOPE, SOAP_11, SOAP_VERSIONS, type SoapVersion } from './soap-version.ts'
import { attributeOf, childrenOf, resolveQName, type XmlElement } from './xml-tree.ts'

/** An operation of a contract: document/literal wrapped. */
export interface Operation {
  readonly name: string
  /** What the contract says of it, for people. */
  readonly documentation: string
  /** The soapAction of its bindings. */
  readonly action: string
  readonly input: ElementCodec
  readonly output: ElementCodec
  /** The details of its faults, by the names of its wsdl:fault elements. */
  readonly faults: ReadonlyMap<string, ElementCodec>
  /** A SOAP 1.1 request for it, for people to try. */
  readonly sample: string
}

/** A port of a contract's service: the versions of SOAP share its address. */
export interface Port {
  readonly name: string
  readonly version: SoapVersion['name']
  readonly namespace: string
  readonly mediaType: string
}

/** A WSDL with what it imports, compiled. */
export interface Contract {
  /** Name of its one service. */
  readonly service: string
  readonly documentation: string
  readonly operations: readonly Operation[]
  readonly ports: readonly Port[]
  /** All elements that its schemas declare, for header blocks. */
  readonly schemas: Schemas
  /** Its files, as callers get them. */
  readonly documents: ContractDocuments
}

/** Namespaces of the binding extensions: SOAP 1.1 and 1.2. */
const BINDINGS: ReadonlySet<string> = new Set(SOAP_VERSIONS.map(({ wsdlNamespace }) => wsdlNamespace))

/** Where a contract is. */
export interface ContractSource {
  readonly wsdlPath: string
  /** Reads a file by its path. Default: from the disk. */
  readonly read?: (path: string) => Promise<string>
}

/**
 * Reads and compiles a WSDL 1.1 file, the WSDL and schema files that it imports, and the schemas inside: one service, its
 * bindings (SOAP 1.1, SOAP 1.2) of one port type. Rejects with a `ContractError` for what is missing, disagrees, or is not supported.
 */
export async function readContract({ wsdlPath, read = readText }: ContractSource): Promise<Contract> {
  try {
    const files = await readContractFiles(wsdlPath, read)
    const contract = compileContract(files)
    // What is put together for callers is read as they would read it.
    if (files.length > 1) {
      const single = async () => contract.documents.single('urn:address')
      compileContract(await readContractFiles(`${wsdlPath}, in one file`, single))
    }
    return contract
  } catch (error) {
    if (error instanceof ContractError)
      throw new ContractError(`${wsdlPath}: ${error.message}`, { cause: error })
    throw error
  }
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8')
}

function compileContract(files: ContractFiles): Contract {
  const wsdls = files.filter(({ kind }) => kind === 'wsdl')
  const root: XmlElement = { ...files[0].root, children: wsdls.flatMap((file) => file.root.children) }
  const schemas = compileSchemas(files.flatMap(schemasOf))
  const service = only(root, 'service')
  const portType = only(root, 'portType')
  const bindings = childrenOf(root, WSDL, 'binding')
  return {
    service: attributeOf(service, 'name'),
    documentation: documentationOf(service),
    operations: childrenOf(portType, WSDL, 'operation').map((operation) => {
      return compileOperation(root, schemas, bindings, operation)
    }),
    ports: childrenOf(service, WSDL, 'port').map((port) => compilePort(bindings, port)),
    schemas,
    documents: createContractDocuments(files, childrenOf(service, WSDL, 'port').length),
  }
}

/** The version is that of the port's address, which must be the binding's. */
function compilePort(bindings: readonly XmlElement[], port: XmlElement): Port {
  const { local } = resolveQName(port, attributeOf(port, 'binding'))
  const binding = bindings.find(({ attributes }) => attributes.get('name') === local)
  const name = attributeOf(port, 'name')
  const version = SOAP_VERSIONS.find(({ wsdlNamespace }) => {
    return [binding, port].every((one) => one?.children.some(({ namespace }) => namespace === wsdlNamespace))
  })
  if (version === undefined) throw new ContractError(`the port ${name} is not of a SOAP binding`)
  return { name, version: version.name, namespace: version.namespace, mediaType: version.mediaType }
}

function only(parent: XmlElement, local: string): XmlElement {
  const [first, second] = childrenOf(parent, WSDL, local)
  if (first === undefined) throw new ContractError(`<${parent.local}> lacks <${local}>`)
  if (second !== undefined) throw new ContractError(`<${parent.local}> has more than one <${local}>`)
  return first
}

function named(parent: XmlElement, local: string, name: string): XmlElement {
  const found = childrenOf(parent, WSDL, local).find((child) => child.attributes.get('name') === name)
  if (found === undefined) throw new ContractError(`there is no <${local} name="${name}">`)
  return found
}

function documentationOf(element: XmlElement): string {
  return (childrenOf(element, WSDL, 'documentation')[0]?.text ?? '').trim().replace(/\s+/g, ' ')
}

function compileOperation(
  root: XmlElement,
  schemas: Schemas,
  bindings: readonly XmlElement[],
  operation: XmlElement,
): Operation {
  const name = attributeOf(operation, 'name')
  const input = schemas.element(elementOf(root, only(operation, 'input')))
  // WS-I BP 1.1, document/literal wrapped: the wrapper has the operation's name, and dispatch goes by it.
  if (input.name.local !== name) throw new ContractError(`the input element of ${name} must have its name`)
  const output = schemas.element(elementOf(root, only(operation, 'output')))
  return {
    name,
    documentation: documentationOf(operation),
    action: actionOf(bindings, name),
    input,
    output,
    faults: compileFaults(root, schemas, operation),
    sample: `${SOAP_11.opening}${input.encode(input.sample())}${CLOSE_ENVELOPE}`,
  }
}

/** The faults that an operation declares; the engine's own must be among them. */
function compileFaults(
  root: XmlElement,
  schemas: Schemas,
  operation: XmlElement,
): ReadonlyMap<string, ElementCodec> {
  const faults = new Map<string, ElementCodec>()
  for (const fault of childrenOf(operation, WSDL, 'fault')) {
    faults.set(attributeOf(fault, 'name'), schemas.element(elementOf(root, fault)))
  }
  if (![...faults.values()].some(({ name }) => keyOf(name) === keyOf(PROBLEM))) {
    throw new ContractError(`${attributeOf(operation, 'name')} does not declare the fault ${keyOf(PROBLEM)}`)
  }
  return faults
}

/** The element of the one part of the message that an input, output or fault names. */
function elementOf(root: XmlElement, use: XmlElement): QName {
  const message = named(root, 'message', resolveQName(use, attributeOf(use, 'message')).local)
  const part = only(message, 'part')
  return resolveQName(part, attributeOf(part, 'element'))
}

function actionOf(bindings: readonly XmlElement[], name: string): string {
  const actions = new Set(bindings.map((binding) => bindingAction(binding, name)))
  const [action] = actions
  if (action === undefined || actions.size > 1) {
    throw new ContractError(`the bindings must give ${name} one soapAction, and there must be one`)
  }
  return action
}

function bindingAction(binding: XmlElement, name: string): string {
  const operation = named(binding, 'operation', name)
  const [outer, inner] = [binding, operation].map((element) =>
    element.children.find(({ namespace }) => BINDINGS.has(namespace)),
  )
  if (outer?.local !== 'binding' || inner?.local !== 'operation') {
    throw new ContractError(`the binding of ${name} is not a SOAP binding`)
  }
  const style = inner.attributes.get('style') ?? outer.attributes.get('style') ?? 'document'
  const bodies = ['input', 'output'].map((direction) => {
    return only(operation, direction).children.find(({ namespace }) => BINDINGS.has(namespace))
  })
  if (style !== 'document' || bodies.some((body) => body?.attributes.get('use') !== 'literal')) {
    throw new ContractError(`the binding of ${name} must be document/literal`)
  }
  return attributeOf(inner, 'soapAction')
}
