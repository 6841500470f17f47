import { readFileSync } from 'node:fs'

/** What strace is to do to a program. */
export interface Tracing {
  /** Where the log goes. */
  readonly log: string
  /** System calls to log. */
  readonly calls: readonly string[]
  /** Only what concerns these files; otherwise everything. */
  readonly files?: readonly string[]
  /** Faults and delays, as strace's `-e inject=` takes them. */
  readonly inject?: readonly string[]
}

/** One system call of the log. */
export interface SystemCall {
  readonly name: string
  readonly thread: number
  /** Between the brackets, as strace wrote it: texts as \x hexadecimal, files with their paths. */
  readonly args: string
  /** What it returned; -1 when it failed. */
  readonly result: number
  /** The lines of the log where it began and ended: who comes before whom. */
  readonly began: number
  readonly ended: number
  /** Seconds since 1970. */
  readonly beganAt: number
  readonly endedAt: number
}

/** The command under which to run a program. It keeps the program's process number, and so its signals: strace steps aside (-D). */
export function underStrace({ log, calls, files = [], inject = [] }: Tracing): string[] {
  const more = [
    ...files.flatMap((file) => ['-P', file]),
    ...inject.flatMap((what) => ['-e', `inject=${what}`]),
  ]
  return [
    'strace',
    '-D',
    '-f',
    '-ttt',
    '-xx',
    '-y',
    '-s',
    '4194304',
    '-o',
    log,
    '-e',
    `trace=${calls.join(',')}`,
    ...more,
  ]
}

const LINE = /^(\d+) +(\d+\.\d+) (.*)$/
const RESUMED = /^<\.\.\. (\w+) resumed>/
const UNFINISHED = / <unfinished \.\.\.>$/
const CALL = /^(\w+)\((.*)\) += (-?\d+|\?)/s

/** Reads a log. A call that never ended, since the program was killed in it, is left out. */
export function readStrace(log: string): SystemCall[] {
  const calls: SystemCall[] = []
  const unfinished = new Map<number, { text: string; began: number; beganAt: number }>()
  readFileSync(log, 'latin1')
    .split('\n')
    .forEach((line, ended) => {
      const [, thread, time, text = ''] = LINE.exec(line) ?? []
      const endedAt = Number(time)
      const open = { text: text.replace(UNFINISHED, ''), began: ended, beganAt: endedAt }
      if (UNFINISHED.test(text)) {
        unfinished.set(Number(thread), open)
        return
      }
      const begun = RESUMED.test(text) ? unfinished.get(Number(thread)) : open
      if (begun === undefined) return
      const whole = begun === open ? text : begun.text + text.replace(RESUMED, '')
      const [, name, args, result] = CALL.exec(whole) ?? []
      if (name === undefined || args === undefined) return
      const { began, beganAt } = begun
      calls.push({
        name,
        thread: Number(thread),
        args,
        result: Number(result),
        began,
        ended,
        beganAt,
        endedAt,
      })
    })
  return calls
}

/** The file or socket that the call is about: the path or `socket:[…]` of its first argument. */
export function fileOf({ args }: SystemCall): string {
  const [, file = ''] = /^\d+<((?:\\x[0-9a-f]{2})+|[^>]*)>/.exec(args) ?? []
  return text(file)
}

/** The bytes that a read or write carried, in all its pieces. */
export function bytesOf({ args }: SystemCall): Buffer {
  const pieces = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, piece = '']) =>
    Buffer.from(piece.replaceAll('\\x', ''), 'hex'),
  )
  return Buffer.concat(pieces)
}

function text(hexadecimal: string): string {
  return hexadecimal.startsWith('\\x')
    ? Buffer.from(hexadecimal.replaceAll('\\x', ''), 'hex').toString()
    : hexadecimal
}
