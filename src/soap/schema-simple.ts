import type { AttributeCodec } from './attributes.ts'
import { ContractError } from './contract-error.ts'
import { type Declarations, type Declared, keyOf, XS } from './declarations.ts'
import { restrictType } from './facets.ts'
import type { QName } from './scanner.ts'
import { decodeSimple, type SimpleType } from './simple-type.ts'
import { SIMPLE_TYPES } from './simple-types.ts'
import { attributeOf, childrenOf, resolveQName, type XmlElement } from './xml-tree.ts'

/** The simple types of a contract, and the attributes, which have no others. */
export interface SimpleSchemas {
  /** Is it a simple type. */
  has(name: QName): boolean
  type(name: QName): SimpleType
  /** The type that a declaration names, or has inside as `<simpleType>`. */
  inline(simpleType: XmlElement, name: string): SimpleType
  /** The attributes that a complex type or an extension declares. */
  attributes(declared: Declared): readonly AttributeCodec[]
}

/** Compiles simple types as they are asked for. Its functions throw a `ContractError`. */
export function compileSimpleTypes(declarations: Declarations): SimpleSchemas {
  const known = new Map<string, SimpleType>()
  const open = new Set<string>()

  function type(name: QName): SimpleType {
    if (name.namespace === XS) {
      const builtIn = SIMPLE_TYPES.get(name.local)
      if (builtIn === undefined) throw new ContractError(`the type xs:${name.local} is not supported`)
      return builtIn
    }
    const key = keyOf(name)
    const compiled = known.get(key)
    if (compiled !== undefined) return compiled
    if (open.has(key)) throw new ContractError(`the type ${key} is made from itself`)
    open.add(key)
    const made = inline(declarations.get('simpleType', name).declaration, name.local)
    known.set(key, made)
    return made
  }

  function inline(simpleType: XmlElement, name: string): SimpleType {
    const restriction = childrenOf(simpleType, XS, 'restriction')[0]
    if (restriction === undefined) throw new ContractError(`the simple type ${name} must be a restriction`)
    const inner = childrenOf(restriction, XS, 'simpleType')[0]
    const base =
      inner === undefined
        ? type(resolveQName(restriction, attributeOf(restriction, 'base')))
        : inline(inner, name)
    const facets = restriction.children.filter(
      ({ local }) => local !== 'annotation' && local !== 'simpleType',
    )
    return restrictType(base, facets, name, exampleOf(simpleType))
  }

  function attribute({ declaration, schema }: Declared, use: XmlElement, isGlobal: boolean): AttributeCodec {
    const local = attributeOf(declaration, 'name')
    const typeName = declaration.attributes.get('type')
    const inner = childrenOf(declaration, XS, 'simpleType')[0]
    if (typeName === undefined && inner === undefined)
      throw new ContractError(`the attribute ${local} has no type`)
    const simple =
      inner === undefined ? type(resolveQName(declaration, typeName as string)) : inline(inner, local)
    const qualified = isGlobal || schema.attributes.get('attributeFormDefault') === 'qualified'
    return {
      name: { namespace: qualified ? attributeOf(schema, 'targetNamespace') : '', local },
      type: simple,
      required: use.attributes.get('use') === 'required',
      fixed: lexical(simple, use.attributes.get('fixed')),
      default: lexical(simple, use.attributes.get('default')),
    }
  }

  return {
    has: (name) => name.namespace === XS || declarations.has('simpleType', name),
    type,
    inline,
    attributes({ declaration, schema }) {
      return childrenOf(declaration, XS, 'attribute')
        .filter((use) => use.attributes.get('use') !== 'prohibited')
        .map((use) => {
          const ref = use.attributes.get('ref')
          if (ref === undefined) return attribute({ declaration: use, schema }, use, false)
          return attribute(declarations.get('attribute', resolveQName(use, ref)), use, true)
        })
    },
  }
}

/** What `<annotation><appinfo>` of a type says: a text to show. */
function exampleOf(simpleType: XmlElement): string | undefined {
  const annotation = childrenOf(simpleType, XS, 'annotation')[0]
  return annotation === undefined ? undefined : childrenOf(annotation, XS, 'appinfo')[0]?.text
}

/** A value of a contract in the form that encoding gives. */
function lexical(type: SimpleType, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const value = decodeSimple(type, text)
  if (value === undefined) throw new ContractError(`${text} is not of the type ${type.name}`)
  return type.encode(value)
}
