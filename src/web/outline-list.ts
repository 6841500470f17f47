import { escapeHtml } from './html.ts'
import type { ElementDescription, PartDescription, SimpleDescription } from './service-description.ts'

/** Elements within elements are shown up to here; a type may contain itself. */
export const DEEPEST = 5

/** How often a part stands, in words; empty: once. */
export function occurrence({ min, max }: Pick<PartDescription, 'min' | 'max'>): string {
  if (min === 1 && max === 1) return ''
  if (max === 1) return 'optional'
  const most = max === Number.POSITIVE_INFINITY ? 'any number' : String(max)
  return min === 0 && most === 'any number' ? 'any number of times' : `${min} to ${most} times`
}

/** The name of a text's type, with what it can be where that is a list. */
export function typeWords({ type, builtIn, choices }: SimpleDescription): string {
  const name = type === builtIn ? `xs:${builtIn}` : `${type} (xs:${builtIn})`
  return choices === undefined ? name : `${name}: ${choices.join(', ')}`
}

function elementWords(element: ElementDescription, often: string): string {
  const { simple, type, nillable, documentation } = element
  const words = [simple === undefined ? (type ?? '') : typeWords(simple), often, nillable ? 'may be nil' : '']
  const shown = words.filter((word) => word !== '').map(escapeHtml)
  return `<code>${escapeHtml(element.name.local)}</code> ${shown.join(', ')}${documentation === '' ? '' : ` <em>${escapeHtml(documentation)}</em>`}`
}

const GROUPS = { sequence: 'in this order', choice: 'one of', any: 'any other element', element: '' } as const

function listPart(part: PartDescription, depth: number): string {
  const { element, kind, inside } = part
  if (element !== undefined) {
    return `<li>${elementWords(element, occurrence(part))}${listInside(element, depth + 1)}</li>`
  }
  const items = inside.map((one) => listPart(one, depth)).join('')
  // A sequence that stands once is what a list is anyhow.
  if (kind === 'sequence' && part.min === 1 && part.max === 1) return items
  const often = occurrence(part)
  return `<li>${GROUPS[kind]}${often === '' ? '' : `, ${often}`}<ul>${items}</ul></li>`
}

function listInside(element: ElementDescription, depth: number): string {
  const attributes = element.attributes.map(({ name, simple, required, fixed }) => {
    const words = [
      typeWords(simple),
      required ? '' : 'optional',
      fixed === undefined ? '' : `always ${fixed}`,
    ]
    const shown = words.filter((word) => word !== '').map(escapeHtml)
    return `<li>attribute <code>${escapeHtml(name.local)}</code> ${shown.join(', ')}</li>`
  })
  const content = element.content()
  const parts = content === undefined ? '' : depth > DEEPEST ? '<li>…</li>' : listPart(content, depth)
  const items = attributes.join('') + parts
  return items === '' ? '' : `<ul>${items}</ul>`
}

/** What an element contains, as a list for people. */
export function renderOutline(element: ElementDescription): string {
  const list = listInside(element, 1)
  if (list !== '') return list
  return element.simple === undefined ? '<p>Nothing.</p>' : `<p>${escapeHtml(typeWords(element.simple))}</p>`
}
