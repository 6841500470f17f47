import fc from 'fast-check'

/*
 * What tests need that hold the fast path against node:http: the same bytes to both, the answers compared.
 */

/** Something that is no call. */
export const GET = 'GET /livez HTTP/1.1\r\nHost: a.example\r\n\r\n'

/** An answer without what differs from call to call. */
export function normal(answer: string): string {
  return answer
    .replace(/Date: [^\r]*/g, 'Date: now')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'id')
}

const LAST_WORDS = /^4\d\d [^\r]*\r\nConnection: close\r\n\r\n$/

/**
 * Are the answers the same. When bad bytes follow, node:http may forget what it has not answered yet, and may say so or
 * not: that depends on how the packets came to it. Then the answers of one are the first of the other's.
 */
export function areSame(ours: string, theirs: string): boolean {
  if (ours === theirs) return true
  const [one, other] = [ours, theirs].map((text) => text.split('HTTP/1.1 ').slice(1)) as [string[], string[]]
  const isCut = [one, other]
    .map((answers) => LAST_WORDS.test(answers.at(-1) ?? '') && answers.pop())
    .some(Boolean)
  return isCut && one.slice(0, other.length).every((answer, index) => answer === other[index])
}

/** Bytes cut at these places. */
export function cut(text: string | Buffer, ...at: readonly number[]): Buffer[] {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end))
}

/** What is put in somewhere. */
// biome-ignore format: a list to be read
const PIECE = fc.constantFrom(
  '\r\n', '\n', '\r', ' ', '\t', ':', '\0', ',', ';', '\x7f', 'é', '0', '1', '+', '-', 'X', '\r\n\r\n', '  ',
  'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n', 'Expect: 100-continue\r\n',
  'Host: b\r\n', ' folded\r\n', 'HTTP/1.0', 'GET ', 'http://a', '/..', '#', '%00', 'SOAPAction: "x"\r\n', GET,
  'Authorization: Basic YWRhOng=\r\n', 'Authorization: Bearer x\r\n', '<', '>', '</', '&#x20;', '/messaging', 'POST / HTTP/1.1\r\n',
)

/** A connection's calls, none more often than it is given, some with changes in them, and where their bytes are cut. */
export function changedCalls(calls: readonly string[]): fc.Arbitrary<readonly Buffer[]> {
  const change = fc.tuple(fc.nat(), fc.nat(3), fc.oneof(PIECE, fc.constant('')))
  return fc
    .tuple(
      fc.shuffledSubarray([...calls], { minLength: 1, maxLength: 3 }),
      fc.array(change, { minLength: 1, maxLength: 2 }),
      fc.array(fc.nat(), { maxLength: 2 }),
    )
    .map(([chosen, changes, cuts]) => {
      const head = (chosen[0] as string).indexOf('\r\n\r\n') + 4
      const text = changes.reduce((before, [at, length, put], index) => {
        // Mostly in a head, where a change matters most.
        const place = index === 0 ? at % head : at % before.length
        return before.slice(0, place) + put + before.slice(place + length)
      }, chosen.join(''))
      const places = cuts.map((place) => place % text.length).sort((a, b) => a - b)
      return cut(text, ...places)
    })
}
