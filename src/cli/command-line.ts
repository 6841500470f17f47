import { COMMANDS, type Command, type Field, type Typed, usage } from './commands.ts'

/** How each field is told from what follows it. */
const FIELDS: Readonly<Record<Field, RegExp>> = {
  userName: /^\s+(\S+)/,
  prefix: /^\s+(\S+)/,
  fileName: /^\s+(?:"([^"]+)"(?=\s|$)|(\S+))/,
  message: /^\s(.+)$/s,
}

/** What a line says: nothing, a command with its fields, or something that is neither, with the words for it. */
export type ParsedLine =
  | { readonly kind: 'blank' }
  | ({ readonly kind: 'command'; readonly command: Command } & Typed)
  | { readonly kind: 'mistake'; readonly command: string; readonly words: string }

/** Reads a line as typed. Commands are case-insensitive; a message keeps all its blanks after the one that separates it. */
export function parseLine(line: string): ParsedLine {
  const [, word, rest = ''] = /^\s*(\S+)(.*)$/s.exec(line) ?? []
  if (word === undefined) return { kind: 'blank' }
  const name = word.toUpperCase()
  const command = COMMANDS.find((row) => row.name === name)
  if (command === undefined) {
    return { kind: 'mistake', command: name, words: `Error: command ${name} not valid.` }
  }
  const { fields, left } = readFields(command, rest)
  const option = left !== '' && left === command.option
  const { least = command.fields.length } = command
  if (fields.length >= least && (left === '' || option)) return { kind: 'command', command, fields, option }
  return {
    kind: 'mistake',
    command: name,
    words: `Syntax error. ${command.fields.length === 0 ? 'Use' : 'Usage'}: ${usage(command)}`,
  }
}

/** Does a line begin with a command, whatever follows it. */
export function isCommand(line: string): boolean {
  const name = line.trimStart().split(/\s/, 1)[0]?.toUpperCase()
  return COMMANDS.some((row) => row.name === name)
}

/** The fields that a command finds in what was typed after its name, and what is left over. */
function readFields(command: Command, typed: string): { fields: string[]; left: string } {
  const fields: string[] = []
  let left = typed
  for (const field of command.fields) {
    const found = FIELDS[field].exec(left)
    if (found === null) break
    fields.push(found[1] ?? found[2] ?? '')
    left = left.slice(found[0].length)
  }
  return { fields, left: left.trim() }
}
