/** Runs of the white space of Unicode (property White_Space: all in the Basic Multilingual Plane) that are not one space already. */
const UNICODE_WHITE =
  / [\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*/g

/** Python's `\s\s+` on text: its `\s` has the separators 1C to 1F besides Unicode's white space. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python's class has them (soap 1).
const PYTHON_WHITE_RUN = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{2,}/g

/** Every run of Unicode white space becomes one space, with none at either end. */
export function removeSpaces(text: string): string {
  const single = text.replace(UNICODE_WHITE, ' ')
  const start = single.startsWith(' ') ? 1 : 0
  const end = single.length - (single.endsWith(' ') ? 1 : 0)
  return start >= end ? '' : single.slice(start, end)
}

/** COMPAT: what the original service answers, Python's `re.sub("\s\s+", " ", text)`: a single tab or newline stays, so do the ends. */
export function collapseRuns(text: string): string {
  return text.replace(PYTHON_WHITE_RUN, ' ')
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
