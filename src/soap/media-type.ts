/** A Content-Type header, as far as SOAP looks at it. */
export interface MediaType {
  /** type/subtype in lower case. */
  readonly essence: string
  readonly charset: string | undefined
  /** SOAP 1.2's action parameter (RFC 3902). */
  readonly action: string | undefined
  /** All parameters, by their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const ESSENCE = /^[ \t]*([\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+)[ \t]*/
/** RFC 9110, 5.6.6: a parameter, its value a token or a quoted string. */
const PARAMETER = /;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*/y

/** Parses a Content-Type header; undefined: it is not one, or says a thing twice. */
export function parseMediaType(header: string): MediaType | undefined {
  const start = ESSENCE.exec(header)
  if (start === null) return undefined
  const parameters = new Map<string, string>()
  let at = start[0].length
  while (at < header.length) {
    PARAMETER.lastIndex = at
    const found = PARAMETER.exec(header)
    if (found === null) return undefined
    at = PARAMETER.lastIndex
    const name = found[1]?.toLowerCase()
    if (name === undefined) continue
    if (parameters.has(name)) return undefined
    parameters.set(name, found[2] ?? (found[3] ?? '').replace(/\\(.)/g, '$1'))
  }
  return {
    essence: (start[1] ?? '').toLowerCase(),
    charset: parameters.get('charset'),
    action: parameters.get('action'),
    parameters,
  }
}
