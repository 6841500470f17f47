import { parseString } from 'xml2js'
import { ContractError } from './contract-error.ts'
import type { QName } from './scanner.ts'

/** An element of one of our own files. */
export interface XmlElement extends QName {
  /** Attributes without a prefix, by name. */
  readonly attributes: ReadonlyMap<string, string>
  /** Attributes with a prefix, by `{namespace}local`. */
  readonly foreign: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** All text directly inside. */
  readonly text: string
  /** Namespaces by prefix, in scope here. */
  readonly prefixes: ReadonlyMap<string, string>
}

/** An element as xml2js gives it with the options below. */
interface Parsed {
  readonly $?: Readonly<
    Record<
      string,
      { readonly value: string; readonly prefix: string; readonly local: string; readonly uri: string }
    >
  >
  readonly $$?: readonly Parsed[]
  readonly $ns: { readonly uri: string; readonly local: string }
  readonly _?: string
}

function convert(parsed: Parsed, outer: ReadonlyMap<string, string>): XmlElement {
  const prefixes = new Map(outer)
  const attributes = new Map<string, string>()
  const foreign = new Map<string, string>()
  for (const [name, { value, prefix, local, uri }] of Object.entries(parsed.$ ?? {})) {
    if (name === 'xmlns') prefixes.set('', value)
    else if (prefix === 'xmlns') prefixes.set(local, value)
    else if (prefix === '') attributes.set(local, value)
    else foreign.set(`{${uri}}${local}`, value)
  }
  return {
    namespace: parsed.$ns.uri,
    local: parsed.$ns.local,
    attributes,
    foreign,
    children: (parsed.$$ ?? []).map((child) => convert(child, prefixes)),
    text: parsed._ ?? '',
    prefixes,
  }
}

/** Parses one of our own files (not for what comes from the network). Throws a `ContractError`. */
export function parseXmlTree(source: string, path: string): XmlElement {
  let root: Parsed | undefined
  let failure: Error | null = null
  parseString(
    source,
    { xmlns: true, explicitRoot: false, explicitChildren: true, preserveChildrenOrder: true, async: false },
    (error: Error | null, result: Parsed) => {
      failure ??= error
      root = result
    },
  )
  if (failure !== null || root === undefined) throw new ContractError(`${path}: ${String(failure)}`)
  return convert(root, new Map([['', '']]))
}

/** The children with this name. */
export function childrenOf(parent: XmlElement, namespace: string, local: string): readonly XmlElement[] {
  return parent.children.filter((child) => child.local === local && child.namespace === namespace)
}

/** A required attribute. */
export function attributeOf(element: XmlElement, name: string): string {
  const value = element.attributes.get(name)
  if (value === undefined) throw new ContractError(`<${element.local}> lacks the attribute ${name}`)
  return value
}

/** A QName written in an attribute, resolved where it stands. */
export function resolveQName(element: XmlElement, value: string): QName {
  const colon = value.indexOf(':')
  const prefix = value.slice(0, Math.max(colon, 0))
  const namespace = element.prefixes.get(prefix)
  if (namespace === undefined) throw new ContractError(`the prefix of ${value} is not declared`)
  return { namespace, local: value.slice(colon + 1) }
}
