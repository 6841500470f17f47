import { createHash } from 'node:crypto'
import type { ServiceDescription } from './service-description.ts'

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222}' +
  'pre{background:#f4f4f4;padding:.75rem;overflow-x:auto;white-space:pre-wrap;word-break:break-all}' +
  'h3{margin-bottom:0}'

/** Of every answer for people: nothing is loaded, run or framed but the page's own style. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

const REFERENCES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => REFERENCES.get(character) ?? character)
}

/** A page with this title and, as its body, this HTML. */
export function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`
}

/** Single-quoted for a POSIX shell. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function renderService(address: string, path: string, description: ServiceDescription): string {
  const url = `${address}${path}`
  const operations = description.operations.map(({ name, documentation, action, sample }) => {
    const command = `curl -H 'Content-Type: text/xml; charset=utf-8' -H ${shellQuote(`SOAPAction: "${action}"`)} --data-raw ${shellQuote(sample)} ${shellQuote(url)}`
    return `<h3>${escapeHtml(name)}</h3>
<p>${escapeHtml(documentation)}</p>
<pre>${escapeHtml(command)}</pre>`
  })
  return `<h2>${escapeHtml(description.service)}</h2>
<p>${escapeHtml(description.documentation)} SOAP 1.1 and 1.2 at <code>${escapeHtml(url)}</code>, contract: <a href="${escapeHtml(path)}?wsdl">WSDL</a>.</p>
${operations.join('\n')}`
}

/** The page for people: each service with its operations, what they do, and a request to try. */
export function renderServices(address: string, services: ReadonlyMap<string, ServiceDescription>): string {
  const body = [...services].map(([path, description]) => renderService(address, path, description))
  return renderPage('Services', body.join('\n'))
}
