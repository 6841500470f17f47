import { ContractError } from './contract-error.ts'
import type { ContractFiles } from './contract-files.ts'
import { escapeXml } from './escape.ts'

/** What a caller asks for by `?wsdl`, `?wsdl=name`, `?xsd=name` and `?singleWsdl`. */
export interface ContractDocuments {
  /** A file of the contract as it is written, with this address in its ports and its imports. Undefined: there is no such file. */
  file(kind: 'wsdl' | 'xsd', name: string | undefined, address: string): string | undefined
  /** The contract in one file. */
  single(address: string): string
}

const ADDRESS = /(<[\w.-]+:address\s+location=")[^"]*(?=")/g
const LOCATION = /(<(?:[\w.-]+:)?import\b[^>]*?\s(?:schemaLocation|location)=")([^"]*)(?=")/g
/** A schema in `types` that does nothing but import: WS-I's way to name a schema file. */
const IMPORTING_SCHEMA = /<([\w.-]+:)?schema(?:\s[^>]*)?>\s*(?:<\1import\b[^>]*\/>\s*)+<\/\1schema>/g
const SCHEMA_LOCATION = /(<(?:[\w.-]+:)?import\b[^>]*?)\s+schemaLocation="[^"]*"/g
const COMMENT = /<!--[\s\S]*?-->/g

/** What is written in a comment is not for machines, and must not be changed as if it were. */
function withoutComments(source: string): string {
  return source.replace(COMMENT, '')
}

/** Each file is served as it is written, with other addresses: what people read in it stays. Throws a `ContractError`. */
export function createContractDocuments(files: ContractFiles, ports: number): ContractDocuments {
  const found = files.reduce(
    (sum, { source }) => sum + (withoutComments(source).match(ADDRESS)?.length ?? 0),
    0,
  )
  if (found === 0 || found !== ports)
    throw new ContractError('each port must have one address with a location')
  const single = inOneFile(files)

  const withAddress = (source: string, location: string): string => {
    return source.replace(ADDRESS, (_, start: string) => start + location)
  }
  return {
    file(kind, name, address) {
      const file = name === undefined ? files[0] : files.find((one) => one.name === name && one.kind === kind)
      if (file === undefined) return undefined
      const location = escapeXml(address)
      return withAddress(file.source, location).replace(LOCATION, (whole, start: string, written: string) => {
        // A location in a comment need not be one.
        const imported = files.find((one) => one.name === written.slice(written.lastIndexOf('/') + 1))
        if (imported === undefined) return whole
        return `${start}${location}?${imported.kind}=${encodeURIComponent(imported.name)}`
      })
    },
    single: (address) => withAddress(single, escapeXml(address)),
  }
}

function withoutDeclaration(source: string): string {
  return source.replace(/^\ufeff?<\?xml[^>]*\?>\s*/, '')
}

/** The WSDL with what it imports put in. */
function inOneFile(files: ContractFiles): string {
  const [wsdl, ...imported] = files
  if (imported.length === 0) return wsdl.source
  const schemas = imported
    .filter(({ kind }) => kind === 'xsd')
    .map(({ source }) => withoutDeclaration(source))
  const parts = imported.filter(({ kind }) => kind === 'wsdl').map(({ source }) => insideOf(source))
  let put = false
  const whole = withoutComments(wsdl.source)
    .replace(/<(?:[\w.-]+:)?import\b[^>]*?\slocation="[^"]*"[^>]*\/>/g, () => parts.shift() ?? '')
    .replace(IMPORTING_SCHEMA, () => {
      if (put) return ''
      put = true
      return schemas.map(withoutComments).join('\n')
    })
  if (!put && schemas.length > 0) {
    throw new ContractError('a schema in <types> must import the schema files, and do nothing else')
  }
  return whole.replace(SCHEMA_LOCATION, '$1')
}

/** What is between the tags of `definitions`. */
function insideOf(source: string): string {
  const text = withoutComments(source)
  const start = /<(?:[\w.-]+:)?definitions\b[^>]*>/.exec(text)
  const end = text.lastIndexOf('</')
  if (start === null || end < start.index) throw new ContractError('<definitions> is empty')
  return text.slice(start.index + start[0].length, end)
}
