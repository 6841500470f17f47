import { ContractError } from './contract-error.ts'
import { NAME_CHARACTERS, NAME_START } from './xml-characters.ts'

/** XML Schema part 2, F.1.1: escapes for many characters, as what stands inside a class of JavaScript's. */
const CLASSES: ReadonlyMap<string, string> = new Map([
  ['d', '\\p{Nd}'],
  ['s', ' \\t\\n\\r'],
  ['i', `:${NAME_START}`],
  ['c', `:${NAME_CHARACTERS}`],
  // All but punctuation, separators and others.
  ['w', '\\p{L}\\p{M}\\p{N}\\p{S}'],
  ['W', '\\p{P}\\p{Z}\\p{C}'],
])
/** Those that are all but something. */
const NEGATED: ReadonlyMap<string, string> = new Map([
  ['D', '\\p{Nd}'],
  ['S', ' \\t\\n\\r'],
  ['I', `:${NAME_START}`],
  ['C', `:${NAME_CHARACTERS}`],
])

function unsupported(pattern: string, what: string): ContractError {
  return new ContractError(`the pattern ${pattern} has ${what}, which is not supported`)
}

/** The escape after a backslash at `at - 1`: what it is in JavaScript, and where it ends. */
function translateEscape(pattern: string, at: number, inClass: boolean): { text: string; end: number } {
  const letter = pattern.charAt(at)
  const end = at + 1
  if (letter === 'p' || letter === 'P') {
    const category = /\{([A-Z][a-z]?)\}/y
    category.lastIndex = end
    const found = category.exec(pattern)
    if (found === null) throw unsupported(pattern, 'a block')
    return { text: `\\${letter}${found[0]}`, end: category.lastIndex }
  }
  const plain = CLASSES.get(letter)
  if (plain !== undefined) return { text: inClass ? plain : `[${plain}]`, end }
  const negated = NEGATED.get(letter)
  if (negated !== undefined) {
    if (inClass) throw unsupported(pattern, `\\${letter} in a class`)
    return { text: `[^${negated}]`, end }
  }
  if (letter === '-' && !inClass) return { text: '-', end }
  return { text: `\\${letter}`, end }
}

/** A pattern facet as a regular expression for whole texts (XML Schema part 2, appendix F). Throws a `ContractError`. */
export function compilePattern(pattern: string): RegExp {
  let source = ''
  let inClass = false
  for (let at = 0; at < pattern.length; ) {
    const character = pattern.charAt(at)
    if (character === '\\') {
      const { text, end } = translateEscape(pattern, at + 1, inClass)
      source += text
      at = end
      continue
    }
    if (inClass && character === '[') throw unsupported(pattern, 'a class subtraction')
    if (character === '[') inClass = true
    if (character === ']') inClass = false
    // A point is any character but a line end; ^ and $ are characters like others.
    if (!inClass && character === '.') source += '[^\\n\\r]'
    else if (!inClass && (character === '^' || character === '$')) source += `\\${character}`
    else source += character
    at++
  }
  try {
    return new RegExp(`^(?:${source})$`, 'u')
  } catch (error) {
    throw new ContractError(`the pattern ${pattern} is not one`, { cause: error })
  }
}
