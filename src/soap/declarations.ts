import { ContractError } from './contract-error.ts'
import type { QName } from './scanner.ts'
import { attributeOf, type XmlElement } from './xml-tree.ts'

/** The namespace of XML Schema. */
export const XS = 'http://www.w3.org/2001/XMLSchema'

/** A declaration, with the schema that it stands in. */
export interface Declared {
  readonly declaration: XmlElement
  readonly schema: XmlElement
}

/** What a schema declares globally. */
export type Kind = 'element' | 'complexType' | 'simpleType' | 'attribute'

/** The global declarations of a contract's schemas. */
export interface Declarations {
  /** Throws a `ContractError` where there is none. */
  get(kind: Kind, name: QName): Declared
  has(kind: Kind, name: QName): boolean
}

/** A name as one text. */
export function keyOf({ namespace, local }: QName): string {
  return `{${namespace}}${local}`
}

/** What may stand in what, as children and as attributes; anything else in a schema stops the server, for it would not be obeyed. */
const UNDERSTOOD: Readonly<Record<string, { readonly children: string; readonly attributes: string }>> = {
  schema: {
    children: 'element complexType simpleType attribute annotation import',
    attributes: 'targetNamespace elementFormDefault attributeFormDefault version id',
  },
  import: { children: 'annotation', attributes: 'namespace schemaLocation id' },
  element: {
    children: 'complexType simpleType annotation',
    attributes: 'name type ref minOccurs maxOccurs nillable id',
  },
  complexType: {
    children: 'sequence choice simpleContent attribute anyAttribute annotation',
    attributes: 'name id',
  },
  simpleContent: { children: 'extension annotation', attributes: 'id' },
  extension: { children: 'attribute anyAttribute annotation', attributes: 'base id' },
  sequence: { children: 'element sequence choice any annotation', attributes: 'minOccurs maxOccurs id' },
  choice: { children: 'element sequence choice any annotation', attributes: 'minOccurs maxOccurs id' },
  any: { children: 'annotation', attributes: 'namespace processContents minOccurs maxOccurs id' },
  attribute: { children: 'simpleType annotation', attributes: 'name type ref use fixed default id' },
  anyAttribute: { children: 'annotation', attributes: 'namespace processContents id' },
  simpleType: { children: 'restriction annotation', attributes: 'name id' },
  restriction: {
    children:
      'simpleType annotation enumeration pattern length minLength maxLength minInclusive maxInclusive minExclusive maxExclusive totalDigits fractionDigits whiteSpace',
    attributes: 'base id',
  },
}
const LISTED = new Map(
  Object.entries(UNDERSTOOD).map(([local, { children, attributes }]) => {
    return [local, { children: new Set(children.split(' ')), attributes: new Set(attributes.split(' ')) }]
  }),
)

/** Throws a `ContractError` for what is not understood, in a schema and all that is in it. */
function checkUnderstood(element: XmlElement): void {
  const understood = LISTED.get(element.local)
  // What is in documentation, appinfo and facets is nobody's business.
  if (understood === undefined) return
  for (const name of element.attributes.keys()) {
    if (!understood.attributes.has(name)) {
      throw new ContractError(`${name} of the schema's <${element.local}> is not supported`)
    }
  }
  for (const child of element.children) {
    if (child.namespace !== XS || !understood.children.has(child.local)) {
      throw new ContractError(`<${child.local}> in the schema's <${element.local}> is not supported`)
    }
    if (child.local !== 'annotation') checkUnderstood(child)
  }
}

const KINDS: readonly Kind[] = ['element', 'complexType', 'simpleType', 'attribute']

/** Collects what the schemas declare. Throws a `ContractError` for what is not supported, or declared twice. */
export function collectDeclarations(schemas: readonly XmlElement[]): Declarations {
  const tables = new Map<string, Map<string, Declared>>(KINDS.map((kind) => [kind, new Map()]))
  for (const schema of schemas) {
    checkUnderstood(schema)
    for (const declaration of schema.children) {
      const table = tables.get(declaration.local)
      if (table === undefined) continue
      const name = {
        namespace: attributeOf(schema, 'targetNamespace'),
        local: attributeOf(declaration, 'name'),
      }
      // Types share their names, whether simple or complex.
      const other = declaration.local === 'simpleType' ? 'complexType' : 'simpleType'
      const isType = declaration.local.endsWith('Type')
      if (table.has(keyOf(name)) || (isType && tables.get(other)?.has(keyOf(name)))) {
        throw new ContractError(`${keyOf(name)} is declared twice`)
      }
      table.set(keyOf(name), { declaration, schema })
    }
  }
  return {
    has: (kind, name) => tables.get(kind)?.has(keyOf(name)) === true,
    get(kind, name) {
      const found = tables.get(kind)?.get(keyOf(name))
      if (found === undefined) throw new ContractError(`the ${kind} ${keyOf(name)} is not declared`)
      return found
    },
  }
}
