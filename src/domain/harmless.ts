/**
 * What a terminal obeys, or what makes text look like other text (reliability, security): C0, DEL, C1, bidi controls,
 * line and paragraph separators, and lone surrogates, which are no text at all. A newline is one of them, so that no
 * message can fake its own `END`.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Bidi_Control}\p{Surrogate}]/gu

const NAMED: ReadonlyMap<string, string> = new Map([
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
])

/** The text with everything harmful as a visible escape: `\n`, `\x1b`, `\u202e`. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, (char) => {
    const hex = char.charCodeAt(0).toString(16)
    return NAMED.get(char) ?? (hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`)
  })
}

/** A value as one line of JSON that is harmless to a terminal and still means the same to a program. */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replace(
    HARMFUL,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
