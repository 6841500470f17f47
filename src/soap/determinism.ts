import { ContractError } from './contract-error.ts'
import type { QName } from './scanner.ts'
import { type ElementTerm, elementsOf, type Term } from './term.ts'

function nameOf({ codec }: ElementTerm): string {
  return `{${codec.name.namespace}}${codec.name.local}`
}

/**
 * Throws a `ContractError` for a content model where the name of an element does not tell which part of the model it
 * belongs to (XML Schema part 1, 3.8.6, Unique Particle Attribution; a little stricter), or whose record could not
 * hold what the document says.
 */
export function checkDeterminism(model: Term, attributes: readonly QName[], where: string): void {
  const names = new Set(attributes.map(({ local }) => local))
  const add = (name: string): void => {
    if (names.has(name) || name === '__proto__') throw new ContractError(`${where} has ${name} in two places`)
    names.add(name)
  }
  for (const { codec } of elementsOf(model)) add(codec.name.local)
  for (const kind of repeatedGroups(model)) add(kind)
  checkFollow(model, new Set(), where)
}

function repeatedGroups(term: Term): readonly string[] {
  if (term.kind === 'element' || term.kind === 'any') return []
  return [...(term.max > 1 ? [term.kind] : []), ...term.inside.flatMap(repeatedGroups)]
}

/** `follow`: the elements that may come after the term. */
function checkFollow(term: Term, follow: ReadonlySet<string>, where: string): void {
  const first = term.first.map(nameOf)
  const ends = term.max > term.min || term.nullable
  const clash = ends ? first.find((name) => follow.has(name)) : undefined
  if (clash !== undefined)
    throw new ContractError(`${where} does not tell by its name where ${clash} belongs`)
  const after = term.max > 1 ? new Set([...follow, ...first]) : follow
  if (term.kind === 'choice') {
    for (const branch of term.inside) checkFollow(branch, after, where)
  }
  if (term.kind === 'sequence') checkSequence(term.inside, after, where)
}

function checkSequence(inside: readonly Term[], after: ReadonlySet<string>, where: string): void {
  let follow = after
  for (const term of [...inside].reverse()) {
    checkFollow(term, follow, where)
    const first = term.first.map(nameOf)
    follow = new Set(term.nullable ? [...follow, ...first] : first)
  }
}
