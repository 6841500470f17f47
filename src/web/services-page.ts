import { escapeHtml } from './html.ts'
import { renderForm } from './operation-form.ts'
import { renderOutline } from './outline-list.ts'
import { renderPage } from './page.ts'
import type { OperationDescription, ServiceDescription } from './service-description.ts'

/** The path of the page's script. */
export const SCRIPT_PATH = '/try.js'

/** Single-quoted for a POSIX shell. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function renderFaults({ faults }: OperationDescription): string {
  const rows = [...faults].map(([name, fault]) => {
    const outline = fault.outline()
    const words = outline.documentation === '' ? '' : ` ${escapeHtml(outline.documentation)}`
    return `<li><code>${escapeHtml(name)}</code>${words}${renderOutline(outline)}</li>`
  })
  return `<details><summary>Faults (${faults.size})</summary><ul>${rows.join('')}</ul></details>`
}

/** One service, as a browser on this page sees it. */
interface Place {
  readonly description: ServiceDescription
  /** The whole address, to be called from elsewhere. */
  readonly address: string
  /** The address from this page. */
  readonly url: string
}

function renderOperation({ description, address, url }: Place, operation: OperationDescription): string {
  const { name, documentation, action, sample, input, output } = operation
  const { service, ports } = description
  const command = `curl -H 'Content-Type: text/xml; charset=utf-8' -H ${shellQuote(`SOAPAction: "${action}"`)} --data-raw ${shellQuote(sample)} ${shellQuote(address)}`
  return `<article id="${escapeHtml(`${service}.${name}`)}">
<h3>${escapeHtml(name)}</h3>
<p>${escapeHtml(documentation)}</p>
<div class="sides">
<section><h4>Input</h4>${renderOutline(input.outline())}</section>
<section><h4>Output</h4>${renderOutline(output.outline())}</section>
</div>
${renderFaults(operation)}
<details><summary>From a shell</summary><pre tabindex="0">${escapeHtml(command)}</pre></details>
<details data-trial hidden><summary>Try it</summary>${renderForm(url, ports, operation, `Try ${name}`)}</details>
</article>`
}

const CREDENTIALS = `<fieldset data-credentials hidden>
<legend>Who calls</legend>
<label><span>By</span><select data-scheme>
<option value="none">nobody</option>
<option value="token">WS-Security UsernameToken</option>
<option value="basic">HTTP Basic</option>
<option value="bearer">HTTP Bearer</option>
</select></label>
<label><span>User</span><input data-user autocomplete="off" autocapitalize="off" spellcheck="false"></label>
<label><span>Password or token</span><input data-password type="password" autocomplete="off"></label>
<p><small>It is kept nowhere, and sent to this server only. In a request it is shown as {password}.</small></p>
</fieldset>`

function renderService(place: Place): string {
  const { description, address, url } = place
  const { service, documentation, ports, operations, credentials = false } = description
  const rows = ports.map(({ name, version, mediaType }) => {
    return `<tr><th scope="row">${escapeHtml(name)}</th><td>SOAP ${escapeHtml(version)}</td><td><code>${escapeHtml(mediaType)}</code></td></tr>`
  })
  return `<section id="${escapeHtml(service)}">
<h2>${escapeHtml(service)}</h2>
<p>${escapeHtml(documentation)}</p>
<p>Address: <code>${escapeHtml(address)}</code> · <a href="${escapeHtml(url)}?wsdl">WSDL</a> · <a href="${escapeHtml(url)}?singleWsdl">WSDL in one file</a></p>
<div class="wide"><table><caption>Ports</caption><tbody>${rows.join('')}</tbody></table></div>
${credentials ? CREDENTIALS : ''}
${operations.map((operation) => renderOperation(place, operation)).join('\n')}
</section>`
}

/**
 * The page for people, at this path: each service with its ports and operations, what they take and give, and forms to try them.
 * All links are relative, so that they hold behind a proxy that puts a path before ours.
 */
export function renderServices(
  address: string,
  services: ReadonlyMap<string, ServiceDescription>,
  path: string,
): string {
  const up = '../'.repeat(path.split('/').length - 2) || './'
  const places = [...services].map(([at, description]): Place => {
    return { description, address: `${address}${at}`, url: `${up}${at.slice(1)}` }
  })
  const contents = places.map(({ description: { service, operations } }) => {
    const items = operations.map(({ name }) => {
      return `<li><a href="#${escapeHtml(`${service}.${name}`)}">${escapeHtml(name)}</a></li>`
    })
    return `<li><a href="#${escapeHtml(service)}">${escapeHtml(service)}</a><ul>${items.join('')}</ul></li>`
  })
  const body = `<h1>Services</h1>
<nav aria-label="Services"><ul>${contents.join('')}</ul></nav>
<noscript><p>Without JavaScript this page is documentation; with it, each operation has a form to try it.</p></noscript>
<main>
${places.map(renderService).join('\n')}
</main>`
  return renderPage('Services', body, `${up}${SCRIPT_PATH.slice(1)}`)
}
