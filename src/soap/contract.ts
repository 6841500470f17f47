import { readFile } from 'node:fs/promises'
import { type ElementCodec, encodeElement } from './codec.ts'
import { ContractError } from './contract-error.ts'
import { escapeXml } from './escape.ts'
import { PROBLEM } from './fault.ts'
import type { QName } from './scanner.ts'
import { compileSchemas, type Schemas } from './schema.ts'
import { CLOSE_ENVELOPE, openEnvelope, SOAP_11 } from './soap-version.ts'
import { attributeOf, childrenOf, parseXmlTree, resolveQName, type XmlElement } from './xml-tree.ts'

/** An operation of a contract: document/literal wrapped. */
export interface Operation {
  readonly name: string
  /** What the contract says of it, for people. */
  readonly documentation: string
  /** The soapAction of its bindings. */
  readonly action: string
  readonly input: ElementCodec
  readonly output: ElementCodec
  /** A SOAP 1.1 request for it, for people to try. */
  readonly sample: string
}

/** A WSDL file, compiled. */
export interface Contract {
  /** Name of its one service. */
  readonly service: string
  readonly documentation: string
  readonly operations: readonly Operation[]
  /** The file with the address of its ports, which share one. */
  wsdl(address: string): string
}

const WSDL = 'http://schemas.xmlsoap.org/wsdl/'
const XS = 'http://www.w3.org/2001/XMLSchema'
/** Namespaces of the binding extensions: SOAP 1.1 and 1.2. */
const BINDINGS: ReadonlySet<string> = new Set([
  'http://schemas.xmlsoap.org/wsdl/soap/',
  'http://schemas.xmlsoap.org/wsdl/soap12/',
])

/**
 * Reads and compiles a WSDL 1.1 file with its schemas inside: one service, its bindings (SOAP 1.1, SOAP 1.2) of one port type.
 * Rejects with a `ContractError` for what is missing, disagrees, or is not supported.
 */
export async function readContract({ wsdlPath }: { readonly wsdlPath: string }): Promise<Contract> {
  const source = await readFile(wsdlPath, 'utf8')
  try {
    return compileContract(source, wsdlPath)
  } catch (error) {
    if (error instanceof ContractError)
      throw new ContractError(`${wsdlPath}: ${error.message}`, { cause: error })
    throw error
  }
}

/** Compiles a WSDL that was read; `path` is for messages. Throws a `ContractError`. */
export function compileContract(source: string, path: string): Contract {
  const root = parseXmlTree(source, path)
  const schemas = compileSchemas(childrenOf(only(root, 'types'), XS, 'schema'))
  const service = only(root, 'service')
  const portType = only(root, 'portType')
  const bindings = childrenOf(root, WSDL, 'binding')
  return {
    service: attributeOf(service, 'name'),
    documentation: documentationOf(service),
    operations: childrenOf(portType, WSDL, 'operation').map((operation) => {
      return compileOperation(root, schemas, bindings, operation)
    }),
    wsdl: addressWriter(source, childrenOf(service, WSDL, 'port').length),
  }
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
  const faults = childrenOf(operation, WSDL, 'fault').map((fault) => elementOf(root, fault))
  if (!faults.some((fault) => fault.local === PROBLEM.local && fault.namespace === PROBLEM.namespace)) {
    throw new ContractError(`${name} does not declare the fault {${PROBLEM.namespace}}${PROBLEM.local}`)
  }
  return {
    name,
    documentation: documentationOf(operation),
    action: actionOf(bindings, name),
    input,
    output: schemas.element(elementOf(root, only(operation, 'output'))),
    sample: `${openEnvelope(SOAP_11)}${encodeElement(input, input.content.sample())}${CLOSE_ENVELOPE}`,
  }
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

const ADDRESS = /(<[\w.-]+:address\s+location=")[^"]*(?=")/g

/** The file is served as it is written, with another address: what people read in it stays. */
function addressWriter(source: string, ports: number): (address: string) => string {
  const found = source.match(ADDRESS)?.length ?? 0
  if (found === 0 || found !== ports)
    throw new ContractError('each port must have one address with a location')
  return (address) => {
    const location = escapeXml(address)
    return source.replace(ADDRESS, (_, start: string) => start + location)
  }
}
