import { XmlError } from './scanner.ts'

const XML = 'http://www.w3.org/XML/1998/namespace'
const XMLNS = 'http://www.w3.org/2000/xmlns/'

/** The namespaces that an element declares, and those around it. Most declare one, so the first stands by itself. */
export class Scope {
  private readonly prefix: string
  private readonly namespace: string
  private more: Map<string, string> | undefined = undefined
  private readonly outer: Scope | undefined

  constructor(prefix: string, namespace: string, outer: Scope | undefined) {
    this.prefix = prefix
    this.namespace = namespace
    this.outer = outer
  }

  /** Another declaration of the same element. */
  add(prefix: string, namespace: string): void {
    this.more ??= new Map()
    this.more.set(prefix, namespace)
  }

  /** The namespace of a prefix here; '' is the default one's. Undefined: it is not declared. */
  static resolve(innermost: Scope | undefined, prefix: string): string | undefined {
    for (let scope = innermost; scope !== undefined; scope = scope.outer) {
      if (scope.prefix === prefix) return scope.namespace
      const namespace = scope.more?.get(prefix)
      if (namespace !== undefined) return namespace
    }
    if (prefix === '') return ''
    return prefix === 'xml' ? XML : undefined
  }
}

/** Throws an `XmlError` for a declaration that Namespaces 1.0, 3 does not allow; `prefix` '' declares the default one. */
export function checkDeclaration(prefix: string, namespace: string): void {
  if (prefix === 'xmlns' || namespace === XMLNS) throw new XmlError('xmlns must not be declared')
  if ((prefix === 'xml') !== (namespace === XML)) throw new XmlError('xml must not be declared otherwise')
  if (prefix !== '' && namespace === '') throw new XmlError('a prefix must not be undeclared')
  // No URI has any; allowed, it would only make two names look the same.
  if (namespace.trim() !== namespace) throw new XmlError('a namespace name has white space at an end')
}

/** What an attribute of this name declares a namespace for: '' the default one; undefined: it is no declaration. */
export function declaredPrefix(name: string): string | undefined {
  if (!name.startsWith('xmlns')) return undefined
  if (name.length === 5) return ''
  return name.charCodeAt(5) === 0x3a ? name.slice(6) : undefined
}
