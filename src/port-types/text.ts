/** Runs of the white space of Unicode (property White_Space: all in the Basic Multilingual Plane) that are not one space already. */
const UNICODE_WHITE =
  / [\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*/g

/** Python's `\s\s+` on text: its `\s` has the separators 1C to 1F besides Unicode's white space. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python's class has them (soap 1).
const PYTHON_WHITE_RUN = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{2,}/g

/** From this length on a regular expression, which pays for every run, is slower than one pass over all characters. */
const LONG = 1024
const SPACE = 0x20
const LAST_WHITE = 0x3000

/** What `isWhite` says of each code, 1 or 0. */
function tableOf(isWhite: (character: string) => boolean): Uint8Array {
  return Uint8Array.from({ length: LAST_WHITE + 1 }, (_, code) =>
    isWhite(String.fromCharCode(code)) ? 1 : 0,
  )
}

const UNICODE_TABLE = tableOf(
  (character) => character === ' ' || character.replace(UNICODE_WHITE, ' ') !== character,
)
const PYTHON_TABLE = tableOf((character) => (character + character).replace(PYTHON_WHITE_RUN, '') === '')

/** Every run of white space becomes one space, in place; a run of one stays as it is where `keepSingle`. Gives what is left. */
function collapseCodes(codes: Uint8Array | Uint16Array, white: Uint8Array, keepSingle: boolean): number {
  let length = 0
  let run = 0
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] as number
    if (code > LAST_WHITE || white[code] === 0) {
      run = 0
      codes[length++] = code
    } else if (run++ === 0) codes[length++] = keepSingle ? code : SPACE
    else codes[length - 1] = SPACE
  }
  return length
}

/** A long text as numbers, which is what a string is slow at. ASCII has one byte each, which makes all after it faster. */
function collapseLong(text: string, white: Uint8Array, keepSingle: boolean): string {
  if (Buffer.byteLength(text) === text.length) {
    const bytes = Buffer.from(text, 'latin1')
    return bytes.toString('latin1', 0, collapseCodes(bytes, white, keepSingle))
  }
  const units = new Uint16Array(text.length)
  const bytes = Buffer.from(units.buffer)
  bytes.write(text, 'utf16le')
  return bytes.toString('utf16le', 0, collapseCodes(units, white, keepSingle) * 2)
}

/** Every run of Unicode white space becomes one space, with none at either end. */
export function removeSpaces(text: string): string {
  const single =
    text.length < LONG ? text.replace(UNICODE_WHITE, ' ') : collapseLong(text, UNICODE_TABLE, false)
  const start = single.startsWith(' ') ? 1 : 0
  const end = single.length - (single.endsWith(' ') ? 1 : 0)
  return start >= end ? '' : single.slice(start, end)
}

/** COMPAT: what the original service answers, Python's `re.sub("\s\s+", " ", text)`: a single tab or newline stays, so do the ends. */
export function collapseRuns(text: string): string {
  return text.length < LONG ? text.replace(PYTHON_WHITE_RUN, ' ') : collapseLong(text, PYTHON_TABLE, true)
}

/** The text service's operations (soap 1), for wsdl/text.wsdl. */
export const textPortType = {
  remove_spaces: ({ string }: { readonly string: string }) => ({
    remove_spacesResult: removeSpaces(string),
  }),
  /** Nothing in, nothing out: the original answers a fault to nil, since Python's `re.sub` takes no `None`. */
  remove: ({ string }: { readonly string?: string | null }) => ({
    removeResult: typeof string === 'string' ? collapseRuns(string) : null,
  }),
}
