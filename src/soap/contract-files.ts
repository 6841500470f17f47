import { basename, dirname, resolve } from 'node:path'
import { ContractError } from './contract-error.ts'
import { XS } from './declarations.ts'
import { attributeOf, childrenOf, parseXmlTree, type XmlElement } from './xml-tree.ts'

/** The namespace of WSDL 1.1. */
export const WSDL = 'http://schemas.xmlsoap.org/wsdl/'

/** A file of a contract: its WSDL, or one that it imports. */
export interface ContractFile {
  readonly kind: 'wsdl' | 'xsd'
  /** What it is called in `?wsdl=…` and `?xsd=…`: the last part of its path. */
  readonly name: string
  readonly path: string
  readonly source: string
  readonly root: XmlElement
}

/** A WSDL and all that it imports, directly or not; the WSDL itself is the first. */
export type ContractFiles = readonly [ContractFile, ...ContractFile[]]

/** What an import of this file names, as the file names it. */
interface Import {
  readonly kind: ContractFile['kind']
  readonly location: string
  readonly namespace: string
}

function wsdlImports(root: XmlElement): readonly Import[] {
  return childrenOf(root, WSDL, 'import').map((element) => ({
    kind: 'wsdl',
    location: attributeOf(element, 'location'),
    namespace: attributeOf(element, 'namespace'),
  }))
}

function schemaImports(schema: XmlElement): readonly Import[] {
  return childrenOf(schema, XS, 'import').flatMap((element) => {
    const location = element.attributes.get('schemaLocation')
    if (location === undefined) return []
    return [{ kind: 'xsd' as const, location, namespace: attributeOf(element, 'namespace') }]
  })
}

/** The schemas of a file: its own, or those in its types. */
export function schemasOf({ kind, root }: ContractFile): readonly XmlElement[] {
  if (kind === 'xsd') return [root]
  return childrenOf(root, WSDL, 'types').flatMap((types) => childrenOf(types, XS, 'schema'))
}

function importsOf(file: ContractFile): readonly Import[] {
  return [...(file.kind === 'wsdl' ? wsdlImports(file.root) : []), ...schemasOf(file).flatMap(schemaImports)]
}

const ROOTS = {
  wsdl: { namespace: WSDL, local: 'definitions' },
  xsd: { namespace: XS, local: 'schema' },
} as const

function parseFile(kind: ContractFile['kind'], path: string, source: string): ContractFile {
  const root = parseXmlTree(source, path)
  const { namespace, local } = ROOTS[kind]
  if (root.local !== local || root.namespace !== namespace)
    throw new ContractError(`${path} is no <${local}>`)
  return { kind, name: basename(path), path, source, root }
}

function checkImport(given: Import, file: ContractFile, wsdl: ContractFile): void {
  const namespace = attributeOf(file.root, 'targetNamespace')
  if (namespace !== given.namespace)
    throw new ContractError(`${file.path} is not of the namespace ${given.namespace}`)
  // One file can have one: with several there could be no ?singleWsdl.
  if (file.kind === 'wsdl' && namespace !== attributeOf(wsdl.root, 'targetNamespace')) {
    throw new ContractError(`${file.path} must have the targetNamespace of ${wsdl.path}`)
  }
}

/** Reads a WSDL and what it imports, by relative locations. Rejects with a `ContractError`, or with what `read` rejects with. */
export async function readContractFiles(
  path: string,
  read: (path: string) => Promise<string>,
): Promise<ContractFiles> {
  const wsdl = parseFile('wsdl', path, await read(path))
  const files: [ContractFile, ...ContractFile[]] = [wsdl]
  // Grows while it is walked.
  for (const file of files) {
    for (const given of importsOf(file)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(given.location)) {
        throw new ContractError(`${given.location} is not a relative location: nothing is fetched`)
      }
      const location = resolve(dirname(file.path), given.location)
      const known = files.find((other) => resolve(other.path) === location)
      const imported = known ?? parseFile(given.kind, location, await read(location))
      checkImport(given, imported, wsdl)
      if (known !== undefined) continue
      if (files.some(({ name, kind }) => name === imported.name && kind === imported.kind)) {
        throw new ContractError(`two files are called ${imported.name}`)
      }
      files.push(imported)
    }
  }
  return files
}
