import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { harmless } from '../domain/harmless.ts'

/** The lines typed at the prompt, kept between runs. */
export interface History {
  /** The oldest first. */
  readonly lines: readonly string[]
  /** Why nothing can be kept, for a person, or undefined. */
  readonly failure: string | undefined
  add(line: string): void
}

/** How many lines are kept. */
export const HISTORY_LINES = 1_000

/**
 * Opens the history. The file holds what people wrote to each other, so nobody else may read it (mode 0600). Each line is
 * appended as it comes, so that two clients may share the file and one that is killed loses nothing; the next start shortens it.
 * @param file undefined: nothing is read or kept.
 */
export function openHistory(file: string | undefined): History {
  if (file === undefined) return { lines: [], failure: undefined, add: () => {} }
  let last: string | undefined
  try {
    const lines = load(file)
    last = lines.at(-1)
    return {
      lines,
      failure: undefined,
      add(line) {
        if (line.trim() === '' || line === last || line !== harmless(line)) return
        last = line
        try {
          appendFileSync(file, `${line}\n`, { mode: 0o600 })
        } catch {
          // The folder went away or the disk is full: the conversation matters more.
        }
      },
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { lines: [], failure: `what you type is not kept for the next run: ${why}`, add: () => {} }
  }
}

function load(file: string): readonly string[] {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  appendFileSync(file, '', { mode: 0o600 })
  chmodSync(file, 0o600)
  const all = readFileSync(file, 'utf8').split('\n')
  const lines = all.filter((line) => line !== '' && line === harmless(line)).slice(-HISTORY_LINES)
  if (all.length > HISTORY_LINES + 1) {
    const shorter = `${file}.${process.pid}`
    writeFileSync(shorter, `${lines.join('\n')}\n`, { mode: 0o600 })
    renameSync(shorter, file)
  }
  return lines
}
