import type { ElementCodec } from './codec.ts'
import { ContractError } from './contract-error.ts'
import { collectDeclarations, type Declared, keyOf, XS } from './declarations.ts'
import { checkDeterminism } from './determinism.ts'
import { createElementCodec, type ElementType } from './element.ts'
import { createGroup } from './group.ts'
import type { QName } from './scanner.ts'
import { compileSimpleTypes } from './schema-simple.ts'
import { createStreamElement, XMIME } from './stream-element.ts'
import { createAnyTerm, createElementTerm, elementsOf, type Term } from './term.ts'
import { attributeOf, childrenOf, resolveQName, type XmlElement } from './xml-tree.ts'

/** The global elements of a contract's schemas, compiled. */
export interface Schemas {
  /** Throws a `ContractError` where there is no such element. */
  element(name: QName): ElementCodec
}

/** What the annotation of a declaration says, in one line; `otherwise`, where there is none. */
function documentationOf(declaration: XmlElement, otherwise = ''): string {
  const annotation = childrenOf(declaration, XS, 'annotation')[0]
  const text = annotation && childrenOf(annotation, XS, 'documentation')[0]?.text
  return text === undefined ? otherwise : text.trim().replace(/\s+/g, ' ')
}

/** A type while it is compiled: it may be met inside itself. */
type OpenType = { -readonly [key in keyof ElementType]: ElementType[key] }

/** Compiles the schemas of a contract. Throws a `ContractError` for what is not supported, and says what. */
export function compileSchemas(schemas: readonly XmlElement[]): Schemas {
  const declarations = collectDeclarations(schemas)
  const simples = compileSimpleTypes(declarations)
  const types = new Map<string, ElementType>()

  function typeOf(name: QName): ElementType {
    const known = types.get(keyOf(name))
    if (known !== undefined) return known
    if (simples.has(name)) {
      const simple: ElementType = { ...emptyType(name), simple: simples.type(name) }
      types.set(keyOf(name), simple)
      return simple
    }
    return complexType(declarations.get('complexType', name), name)
  }

  function complexType(declared: Declared, name: QName | undefined): ElementType {
    const { declaration, schema } = declared
    const where = name === undefined ? 'a type' : keyOf(name)
    const type: OpenType = emptyType(name)
    const extension = childrenOf(declaration, XS, 'simpleContent')
      .map((content) => childrenOf(content, XS, 'extension')[0])
      .at(0)
    const holder: Declared = { declaration: extension ?? declaration, schema }
    type.documentation = documentationOf(declaration)
    type.attributes = simples.attributes(holder)
    type.anyAttribute = childrenOf(holder.declaration, XS, 'anyAttribute').length > 0
    if (extension !== undefined) {
      const base = typeOf(resolveQName(extension, attributeOf(extension, 'base')))
      if (base.simple === undefined) throw new ContractError(`${where} extends what has no simple content`)
      type.simple = base.simple
      type.attributes = [...base.attributes, ...type.attributes]
      type.anyAttribute ||= base.anyAttribute
    }
    const names = type.attributes.map((attribute) => attribute.name)
    if (
      new Set(names.map(({ local }) => local)).size < names.length ||
      names.some(({ local }) => local === 'value' && extension !== undefined)
    ) {
      throw new ContractError(`${where} has an attribute in two places`)
    }
    // Known before what is in it is: a type may contain itself.
    if (name !== undefined) types.set(keyOf(name), type)
    const group = declaration.children.find(({ local }) => local === 'sequence' || local === 'choice')
    if (group?.children.some(({ local }) => local !== 'annotation')) {
      const named = new Set<string>()
      const model = term({ declaration: group, schema }, named)
      for (const { codec } of elementsOf(model)) named.add(keyOf(codec.name))
      checkDeterminism(model, names, where)
      type.model = model
    }
    return type
  }

  /** `named`: the elements of the whole model, for its wildcards; complete when the first document is read. */
  function term(declared: Declared, named: ReadonlySet<string>): Term {
    const { declaration, schema } = declared
    const { local } = declaration
    const min = occurs(declaration, 'minOccurs')
    const max = occurs(declaration, 'maxOccurs')
    if (min > max) throw new ContractError(`minOccurs of <${local}> is more than maxOccurs`)
    if (local === 'element') return createElementTerm(elementOf(declared), min, max)
    if (local === 'any') return anyTerm(declared, named, min, max)
    const inside = declaration.children
      .filter((child) => child.local !== 'annotation' && child.attributes.get('maxOccurs') !== '0')
      .map((child) => term({ declaration: child, schema }, named))
    return createGroup(local as 'sequence' | 'choice', inside, min, max)
  }

  /** An element that the model names is never the wildcard's. */
  function anyTerm(
    { declaration, schema }: Declared,
    named: ReadonlySet<string>,
    min: number,
    max: number,
  ): Term {
    const target = attributeOf(schema, 'targetNamespace')
    const allowed = declaration.attributes.get('namespace') ?? '##any'
    if (declaration.attributes.get('processContents') === undefined) {
      throw new ContractError(
        '<any> must say processContents="lax" or "skip": what it takes is not validated',
      )
    }
    const listed = new Set(
      allowed
        .split(/\s+/)
        .map((one) => (one === '##targetNamespace' ? target : one === '##local' ? '' : one)),
    )
    const takes = (namespace: string): boolean => {
      if (allowed === '##any') return true
      return allowed === '##other' ? namespace !== target && namespace !== '' : listed.has(namespace)
    }
    return createAnyTerm(takes, (name) => named.has(keyOf(name)), min, max)
  }

  function elementOf({ declaration, schema }: Declared): ElementCodec {
    const ref = declaration.attributes.get('ref')
    if (ref !== undefined) return element(resolveQName(declaration, ref))
    const qualified = schema.attributes.get('elementFormDefault') === 'qualified'
    const namespace = qualified ? attributeOf(schema, 'targetNamespace') : ''
    return compile({ declaration, schema }, { namespace, local: attributeOf(declaration, 'name') })
  }

  function compile({ declaration, schema }: Declared, name: QName): ElementCodec {
    const typeName = declaration.attributes.get('type')
    const inner = declaration.children.find(({ local }) => local === 'complexType' || local === 'simpleType')
    if (typeName === undefined && inner === undefined) {
      throw new ContractError(`the element ${name.local} has no type`)
    }
    const type =
      inner === undefined
        ? typeOf(resolveQName(declaration, typeName as string))
        : inner.local === 'simpleType'
          ? { ...emptyType(undefined), simple: simples.inline(inner, name.local) }
          : complexType({ declaration: inner, schema }, undefined)
    const nillable = /^(?:true|1)$/.test(declaration.attributes.get('nillable') ?? '')
    const isStream = declaration.foreign.has(keyOf({ namespace: XMIME, local: 'expectedContentTypes' }))
    const create = isStream ? createStreamElement : createElementCodec
    return create(name, type, nillable, documentationOf(declaration, type.documentation))
  }

  const elements = new Map<string, ElementCodec>()
  const open = new Set<string>()
  function element(name: QName): ElementCodec {
    const key = keyOf(name)
    const known = elements.get(key)
    if (known !== undefined) return known
    if (open.has(key)) throw new ContractError(`the element ${key} contains itself; give it a named type`)
    open.add(key)
    const codec = compile(declarations.get('element', name), name)
    elements.set(key, codec)
    return codec
  }
  return { element }
}

function emptyType(name: QName | undefined): OpenType {
  return { name, documentation: '', simple: undefined, attributes: [], anyAttribute: false, model: undefined }
}

function occurs(element: XmlElement, attribute: 'minOccurs' | 'maxOccurs'): number {
  const value = element.attributes.get(attribute) ?? '1'
  if (value === 'unbounded' && attribute === 'maxOccurs') return Number.POSITIVE_INFINITY
  if (!/^[0-9]{1,9}$/.test(value)) throw new ContractError(`${attribute}="${value}" is not a number`)
  return Number(value)
}
