import { escapeHtml } from './html.ts'
import { DEEPEST, occurrence, typeWords } from './outline-list.ts'
import type {
  AttributeDescription,
  ElementDescription,
  OperationDescription,
  PartDescription,
  PortDescription,
  SimpleDescription,
} from './service-description.ts'

/*
 * The form of an operation is its contract as HTML: public/try.js walks it and writes the envelope. What it goes by:
 * data-element and data-namespace (an element), data-state (given, absent or nil), data-text (its text), data-file (a file in place of that), data-attribute,
 * data-choice with data-chosen and data-alternative, data-repeat with data-instance and a button data-add.
 */

const NUMBERS: ReadonlySet<string> = new Set(
  (
    'byte short int long integer unsignedByte unsignedShort unsignedInt unsignedLong ' +
    'nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger'
  ).split(' '),
)

function options(choices: readonly string[], chosen: string): string {
  return choices
    .map((one) => `<option${one === chosen ? ' selected' : ''}>${escapeHtml(one)}</option>`)
    .join('')
}

/** What a text is written into, by its type. `role` is an attribute that tells the script what it is. */
function renderControl({ builtIn, choices, sample }: SimpleDescription, role: string): string {
  const given = choices ?? (builtIn === 'boolean' ? ['true', 'false'] : undefined)
  if (given !== undefined) return `<select ${role}>${options(given, sample)}</select>`
  const value = escapeHtml(sample)
  if (builtIn === 'string') return `<textarea ${role} rows="2" spellcheck="false">\n${value}</textarea>`
  const mode = NUMBERS.has(builtIn)
    ? ' inputmode="numeric"'
    : builtIn === 'decimal'
      ? ' inputmode="decimal"'
      : ''
  return `<input ${role}${mode} value="${value}" autocomplete="off" spellcheck="false">`
}

const FILE = '<input data-file type="file">'

function renderLabelled(name: string, words: string, control: string): string {
  return `<label><span><b>${escapeHtml(name)}</b> <small>${escapeHtml(words)}</small></span>${control}</label>`
}

function renderAttribute({ name, simple, required, fixed }: AttributeDescription): string {
  const sample = required || fixed !== undefined ? (fixed ?? simple.sample) : ''
  const role = `data-attribute="${escapeHtml(name.local)}" data-namespace="${escapeHtml(name.namespace)}"`
  const words = `attribute, ${typeWords(simple)}${required ? '' : ', optional'}`
  return renderLabelled(name.local, words, renderControl({ ...simple, choices: undefined, sample }, role))
}

function renderState(name: string, states: readonly string[]): string {
  if (states.length === 1) return ''
  return `<select data-state aria-label="${escapeHtml(name)}: given or not">${options(states, states[0] ?? '')}</select>`
}

function renderElement(element: ElementDescription, part: PartDescription, depth: number): string {
  const { name, simple, nillable } = element
  const states = [...(part.min === 0 ? ['absent'] : []), 'given', ...(nillable ? ['nil'] : [])]
  const state = renderState(name.local, states)
  const attributes = element.attributes.map(renderAttribute).join('')
  const text = simple && renderLabelled(name.local, typeWords(simple), renderControl(simple, 'data-text'))
  const file = element.stream ? renderLabelled(name.local, 'a file in its place (MTOM)', FILE) : ''
  const inside =
    (text && text + file) ??
    `<fieldset><legend>${escapeHtml(name.local)}</legend>${renderInside(element, depth + 1)}</fieldset>`
  return `<div data-element="${escapeHtml(name.local)}" data-namespace="${escapeHtml(name.namespace)}">${state}${attributes}${inside}</div>`
}

function renderPart(part: PartDescription, depth: number): string {
  const once = renderOnce(part, depth)
  if (part.max === 1 || once === '') return once
  return `<div data-repeat><div data-instance>${once}</div><button type="button" data-add>Add another</button> <small>${occurrence(part)}</small></div>`
}

function renderOnce(part: PartDescription, depth: number): string {
  if (part.element !== undefined) return renderElement(part.element, part, depth)
  const inside = part.inside.map((one) => renderPart(one, depth))
  if (part.kind !== 'choice') return inside.join('')
  const names = part.inside.map((one, index) => one.element?.name.local ?? `choice ${index + 1}`)
  const chosen = names.map((name, index) => `<option value="${index}">${escapeHtml(name)}</option>`).join('')
  const alternatives = inside.map((one) => `<div data-alternative>${one}</div>`).join('')
  return `<div data-choice><label><span>One of</span><select data-chosen>${chosen}</select></label>${alternatives}</div>`
}

function renderInside(element: ElementDescription, depth: number): string {
  const content = element.content()
  if (content === undefined) return ''
  return depth > DEEPEST ? '<p>Write what is in it into the request below.</p>' : renderPart(content, depth)
}

/** A form that calls an operation; `url` is the service's, as a browser at this page asks for it. Hidden, for it does nothing without its script. */
export function renderForm(
  url: string,
  ports: readonly PortDescription[],
  { name, action, input }: OperationDescription,
  label: string,
): string {
  const element = input.outline()
  const once: PartDescription = { kind: 'element', min: 1, max: 1, inside: [], element }
  const versions = ports.map(({ version, namespace, mediaType }) => {
    return `<option value="${escapeHtml(version)}" data-envelope="${escapeHtml(namespace)}" data-media="${escapeHtml(mediaType)}">SOAP ${escapeHtml(version)}</option>`
  })
  return `<form data-try data-url="${escapeHtml(url)}" data-action="${escapeHtml(action)}" aria-label="${escapeHtml(label)}" hidden>
<div data-fields>${renderElement(element, once, 0)}</div>
<label><span>Version</span><select data-version>${versions.join('')}</select></label>
<label><span>Request, as it will be sent; change it as you like</span><textarea data-request rows="10" spellcheck="false" required></textarea></label>
<p><button data-send>Call ${escapeHtml(name)}</button> <button type="button" data-stop hidden>Stop waiting</button></p>
<div data-answer hidden>
<p role="status" data-status></p>
<details><summary>Headers of the answer</summary><pre tabindex="0" data-headers></pre></details>
<pre tabindex="0" aria-label="Answer" data-body></pre>
</div>
</form>`
}
