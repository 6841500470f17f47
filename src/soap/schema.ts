import {
  type ContentCodec,
  createSequenceContent,
  createSimpleContent,
  type ElementCodec,
  type Particle,
} from './codec.ts'
import { ContractError } from './contract-error.ts'
import { escapeXml } from './escape.ts'
import type { QName } from './scanner.ts'
import { SIMPLE_TYPES } from './simple-types.ts'
import { attributeOf, childrenOf, resolveQName, type XmlElement } from './xml-tree.ts'

const XS = 'http://www.w3.org/2001/XMLSchema'

/** The global elements of a contract's schemas, compiled. */
export interface Schemas {
  /** Throws a `ContractError` where there is no such element. */
  element(name: QName): ElementCodec
}

/** A declaration, with the schema that it stands in. */
interface Declared {
  readonly declaration: XmlElement
  readonly schema: XmlElement
}

function keyOf({ namespace, local }: QName): string {
  return `{${namespace}}${local}`
}

/** What may stand where; anything else in a schema stops the server, for it would not be obeyed. */
const UNDERSTOOD: Readonly<Record<string, ReadonlySet<string>>> = {
  schema: new Set(['element', 'complexType', 'annotation', 'import']),
  element: new Set(['complexType', 'annotation']),
  complexType: new Set(['sequence', 'annotation']),
  sequence: new Set(['element', 'annotation']),
}

function checkChildren(parent: XmlElement): void {
  for (const child of parent.children) {
    if (child.namespace !== XS || UNDERSTOOD[parent.local]?.has(child.local) !== true) {
      throw new ContractError(`<${child.local}> in the schema's <${parent.local}> is not supported`)
    }
  }
}

/** Compiles the schemas of a contract. Throws a `ContractError` for what is not supported, and says what. */
export function compileSchemas(schemas: readonly XmlElement[]): Schemas {
  const elements = new Map<string, Declared>()
  const types = new Map<string, Declared>()
  const tables = new Map([
    ['element', elements],
    ['complexType', types],
  ])
  for (const schema of schemas) {
    const namespace = attributeOf(schema, 'targetNamespace')
    checkChildren(schema)
    for (const declaration of schema.children) {
      const table = tables.get(declaration.local)
      if (table === undefined) continue
      const key = keyOf({ namespace, local: attributeOf(declaration, 'name') })
      if (table.has(key)) throw new ContractError(`${key} is declared twice`)
      table.set(key, { declaration, schema })
    }
  }
  const contents = new Map<string, ContentCodec>()

  function contentOfType(name: QName): ContentCodec {
    if (name.namespace === XS) {
      const simple = SIMPLE_TYPES.get(name.local)
      if (simple === undefined) throw new ContractError(`the type xs:${name.local} is not supported`)
      return createSimpleContent(simple, name)
    }
    const key = keyOf(name)
    const known = contents.get(key)
    if (known !== undefined) return known
    const declared = types.get(key)
    if (declared === undefined) throw new ContractError(`the type ${key} is not declared`)
    const particles: Particle[] = []
    const content = createSequenceContent(name, particles)
    // Known before its particles are: a type may contain itself.
    contents.set(key, content)
    particles.push(...particlesOf(declared))
    return content
  }

  function particlesOf({ declaration, schema }: Declared): readonly Particle[] {
    checkChildren(declaration)
    const sequence = childrenOf(declaration, XS, 'sequence')[0]
    if (sequence === undefined) return []
    checkChildren(sequence)
    return childrenOf(sequence, XS, 'element').map((element) => ({
      element: localElement({ declaration: element, schema }),
      min: occurs(element, 'minOccurs'),
      max: occurs(element, 'maxOccurs'),
    }))
  }

  function localElement({ declaration, schema }: Declared): ElementCodec {
    if (declaration.attributes.has('ref')) throw new ContractError('element references are not supported')
    const qualified = schema.attributes.get('elementFormDefault') === 'qualified'
    const namespace = qualified ? attributeOf(schema, 'targetNamespace') : ''
    const local = attributeOf(declaration, 'name')
    return compile({ declaration, schema }, { namespace, local })
  }

  function compile(declared: Declared, name: QName): ElementCodec {
    const { declaration } = declared
    checkChildren(declaration)
    const type = declaration.attributes.get('type')
    const inline = childrenOf(declaration, XS, 'complexType')[0]
    if (type === undefined && inline === undefined) {
      throw new ContractError(`the element ${name.local} has no type`)
    }
    return {
      name,
      nillable: declaration.attributes.get('nillable') === 'true',
      tag: name.local,
      tagWithNamespace: `${name.local} xmlns="${escapeXml(name.namespace)}"`,
      content:
        type !== undefined
          ? contentOfType(resolveQName(declaration, type))
          : createSequenceContent(undefined, particlesOf({ ...declared, declaration: inline as XmlElement })),
    }
  }

  return {
    element(name) {
      const declared = elements.get(keyOf(name))
      if (declared === undefined) throw new ContractError(`the element ${keyOf(name)} is not declared`)
      return compile(declared, name)
    },
  }
}

function occurs(element: XmlElement, attribute: 'minOccurs' | 'maxOccurs'): number {
  const value = element.attributes.get(attribute) ?? '1'
  if (value === 'unbounded' && attribute === 'maxOccurs') return Number.POSITIVE_INFINITY
  if (!/^[0-9]{1,9}$/.test(value)) throw new ContractError(`${attribute}="${value}" is not a number`)
  return Number(value)
}
