/** 100 bytes of text with runs of blanks. */
export const TEXT = 'ten words  and ten blanks '.repeat(4).slice(0, 100)

/** A mebibyte of words. */
export const LARGE_TEXT = 'ten words  and ten blanks '.repeat(41_000).slice(0, 1024 * 1024)

/** What every server does with it. */
export function trim(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** A call of `remove_spaces` in each version: its envelope's namespace and its headers. */
export const VERSIONS = {
  '1.1': {
    namespace: 'http://schemas.xmlsoap.org/soap/envelope/',
    headers: { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: '"urn:dms:text:1/remove_spaces"' },
  },
  '1.2': {
    namespace: 'http://www.w3.org/2003/05/soap-envelope',
    headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
  },
} as const

export type Version = keyof typeof VERSIONS

/** A whole request. */
export function envelope(version: Version, text = TEXT): string {
  return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="${VERSIONS[version].namespace}"><soap:Body><remove_spaces xmlns="urn:dms:text:1"><string>${text}</string></remove_spaces></soap:Body></soap:Envelope>`
}
