import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { escapeHtml } from './html.ts'

const STYLE = readPublic('page.css').trim()
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** A file that browsers get. */
export function readPublic(name: string): string {
  return readFileSync(new URL(`../../public/${name}`, import.meta.url), 'utf8')
}

/** A Content-Security-Policy: the page's own style, these directives, and nothing else. */
function policy(more: string): string {
  return `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; ${more}base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`
}

/** Of every answer for people: nothing is loaded, run or framed but the page's own style. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': policy(''),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

/** Of a page that runs our script, which calls our services. No text ever becomes markup or script there (trusted types). */
export const SCRIPT_POLICY = policy("script-src 'self'; connect-src 'self'; ")

/** A page with this title, this HTML as its body, and this script, given by its address. */
export function renderPage(title: string, body: string, script?: string): string {
  const scripts = script === undefined ? '' : `\n<script type="module" src="${escapeHtml(script)}"></script>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>${scripts}
</head>
<body>
${body}
</body>
</html>
`
}
