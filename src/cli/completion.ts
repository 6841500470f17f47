import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { harmless } from '../domain/harmless.ts'
import { parseLine } from './command-line.ts'
import { COMMANDS } from './commands.ts'

/** What Tab offers: commands, then names that were seen, then files. */
export interface Completion {
  /** A name that came up: typed, or a sender's. */
  saw(name: string): void
  /** A line that was typed: its user name came up. */
  sawLine(line: string): void
  /** The candidates for the last word of `line`, and that word: what node:readline's completer returns. */
  complete(line: string): [candidates: string[], word: string]
}

/** How many names are remembered. */
const MAX_NAMES = 1_000

/** Paths that begin so; those with blanks would have to be quoted, and those that are not harmless would be typed as they are. */
function filesLike(word: string): string[] {
  const folder = word.slice(0, word.lastIndexOf('/') + 1)
  try {
    return readdirSync(folder === '' ? '.' : folder.replace(/^~\//, `${homedir()}/`), { withFileTypes: true })
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ' '}`)
      .filter((path) => path.startsWith(word) && path === harmless(path) && !/\s./.test(path))
      .filter((path) => !path.slice(folder.length).startsWith('.') || word.length > folder.length)
      .sort()
  } catch {
    return []
  }
}

/** Completion that knows no names yet. */
export function createCompletion(): Completion {
  const names = new Set<string>()

  function saw(name: string): void {
    // A name that is not harmless would be typed into the line as it is.
    if (name !== harmless(name) || /\s/.test(name)) return
    names.delete(name)
    names.add(name)
    for (const oldest of names) if (names.size > MAX_NAMES) names.delete(oldest)
  }

  return {
    saw,
    sawLine(line) {
      const parsed = parseLine(line)
      const name = parsed.kind === 'command' ? parsed.fields[0] : undefined
      if (name !== undefined) saw(name)
    },
    complete(line) {
      const words = line.trimStart().split(/\s+/)
      const word = words.at(-1) ?? ''
      if (words.length === 1) {
        return [
          COMMANDS.map(({ name }) => `${name} `).filter((name) => name.startsWith(word.toUpperCase())),
          word,
        ]
      }
      const command = COMMANDS.find(({ name }) => name === words[0]?.toUpperCase())
      if (words.length === 3 && command?.fields[1] === 'fileName') return [filesLike(word), word]
      if (words.length > 2 || command?.fields[0] !== 'userName') return [[], word]
      const candidates = [...names].filter((name) => name.startsWith(word)).sort()
      return [command.fields.length > 1 ? candidates.map((name) => `${name} `) : candidates, word]
    },
  }
}
