import { dirname, join, relative } from 'node:path'
import type { Random } from './random.ts'
import { bytesOf, fileOf, type SystemCall } from './strace.ts'

/** The system calls that a recording needs. */
export const RECORDED_CALLS = [
  'openat',
  'close',
  'lseek',
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'fdatasync',
  'fsync',
  'ftruncate',
  'unlink',
  'rename',
] as const

/**
 * What a program did to one file of a folder, by its path in there, or to a folder (the path of one that is in it, or ''), and
 * when.
 */
export type DiskEvent = { readonly file: string; readonly call: SystemCall } & (
  | { readonly kind: 'created' | 'removed' | 'synced' }
  /** `durable`: on disk when the call returns (O_DSYNC). */
  | { readonly kind: 'written'; readonly at: number; readonly bytes: Buffer; readonly durable: boolean }
  | { readonly kind: 'cut'; readonly length: number }
  | { readonly kind: 'renamed'; readonly to: string }
)

interface OpenFile {
  path: string
  readonly durable: boolean
  position: number
}

/** Disks write sectors whole. */
const SECTOR = 512

/** What the calls did to the files of a folder and those in it, in which there were some already. Throws at a call that it does not understand: a recording with a hole would prove nothing. */
export function diskEvents(
  calls: readonly SystemCall[],
  folder: string,
  before: Iterable<string> = [],
): DiskEvent[] {
  const open = new Map<number, OpenFile>()
  const isInside = (path: string): boolean => path.startsWith(`${folder}/`)
  const nameOf = (path: string): string => relative(folder, path)
  const existing = new Set([...before].map((name) => join(folder, name)))
  const events: DiskEvent[] = []
  for (const call of calls) {
    if (call.name === 'openat') {
      const path = pathOf(call)
      if (call.result < 0 || !(path === folder || isInside(path))) continue
      open.set(call.result, { path, durable: /O_D?SYNC/.test(call.args), position: 0 })
      if (call.args.includes('O_CREAT') && !existing.has(path))
        events.push({ file: nameOf(path), call, kind: 'created' })
      if (path !== folder) existing.add(path)
      if (/O_APPEND/.test(call.args) || (/O_TRUNC/.test(call.args) && !/O_EXCL/.test(call.args)))
        throw new Error(`not understood: ${call.args}`)
      continue
    }
    if (call.name === 'unlink') {
      const path = pathOf(call)
      if (isInside(path) && call.result === 0) events.push({ file: nameOf(path), call, kind: 'removed' })
      continue
    }
    if (call.name === 'rename') {
      const [from = '', to = ''] = pathsOf(call)
      if (!isInside(from) || call.result !== 0) continue
      events.push({ file: nameOf(from), call, kind: 'renamed', to: nameOf(to) })
      existing.delete(from)
      existing.add(to)
      for (const file of open.values()) if (file.path === from) file.path = to
      continue
    }
    const fd = Number.parseInt(call.args, 10)
    const file = open.get(fd)
    if (file === undefined || file.path !== fileOf(call) || call.result < 0) continue
    const name = nameOf(file.path)
    const numbers = call.args.split(', ')
    switch (call.name) {
      case 'close':
        open.delete(fd)
        break
      case 'lseek':
        file.position = call.result
        break
      case 'fsync':
      case 'fdatasync':
        events.push({ file: name, call, kind: 'synced' })
        break
      case 'ftruncate':
        events.push({ file: name, call, kind: 'cut', length: Number(numbers.at(-1)) })
        break
      case 'write':
      case 'writev':
        written(file.position)
        file.position += call.result
        break
      case 'pwrite64':
      case 'pwritev':
        written(Number(numbers.at(-1)))
        break
      default:
        throw new Error(`not understood: ${call.name}(${call.args.slice(0, 200)})`)
    }
    function written(at: number): void {
      const bytes = bytesOf(call).subarray(0, call.result)
      events.push({ file: name, call, kind: 'written', at, bytes, durable: (file as OpenFile).durable })
    }
  }
  return events
}

/** What is kept of what was not synced. */
export interface PowerCut {
  /** The line of the log before which the power goes. */
  readonly line: number
  readonly random: Random
  /** The files at the beginning of the recording, all of them synced. */
  readonly before: ReadonlyMap<string, Buffer>
  /** Does a sync of this file or folder count; otherwise it is as if it had never been asked for. To see that a test of these images can fail. */
  readonly honourSync?: (file: string) => boolean
}

/**
 * The files after a power cut. What was synced is there; of what was not, each sector of 512 bytes is there or not, by coin
 * toss, and so is a file's new length, its name, its removal. Files are told apart by their names: a sync
 * after a renaming does not count for what was written before it, which is stricter than any disk. A sync counts once it has returned, for what was written before it began.
 */
export function filesAfter(
  events: readonly DiskEvent[],
  { line, random, before, honourSync = () => true }: PowerCut,
): Map<string, Buffer> {
  const begun = events.filter(({ call }) => call.began < line)
  const syncs = begun.filter(
    ({ file, kind, call }) => kind === 'synced' && call.ended < line && honourSync(file),
  )
  const isSynced = (file: string, { ended }: SystemCall): boolean =>
    syncs.some((sync) => sync.file === file && sync.call.began > ended)
  /** Is a change of the names in the folder of this file. */
  const isNameSynced = (file: string, call: SystemCall): boolean =>
    isSynced(dirname(file) === '.' ? '' : dirname(file), call)
  const kept = (): boolean => random.chance(0.5)

  const files = new Map<string, Buffer>([...before].map(([name, content]) => [name, Buffer.from(content)]))
  for (const event of begun) {
    const { file, call, kind } = event
    const content = files.get(file)
    if (kind === 'created') {
      if (isNameSynced(file, call) || kept()) files.set(file, Buffer.alloc(0))
    } else if (kind === 'removed') {
      if (isNameSynced(file, call) || kept()) files.delete(file)
    } else if (content === undefined) {
      // Its name is lost, and with it everything in it.
    } else if (kind === 'renamed') {
      if (!isNameSynced(file, call) && !kept()) continue
      files.delete(file)
      files.set(event.to, content)
    } else if (kind === 'cut') {
      if (isSynced(file, call) || kept()) files.set(file, resized(content, event.length))
    } else if (kind === 'written') {
      const { at, bytes } = event
      if ((event.durable && honourSync(file) && call.ended < line) || isSynced(file, call)) {
        files.set(file, overwritten(content, at, bytes))
        continue
      }
      let partly = kept() ? resized(content, Math.max(content.length, at + bytes.length)) : content
      for (let from = at; from < at + bytes.length; ) {
        const to = Math.min((Math.floor(from / SECTOR) + 1) * SECTOR, at + bytes.length)
        if (kept()) partly = overwritten(partly, from, bytes.subarray(from - at, to - at))
        from = to
      }
      files.set(file, partly)
    }
  }
  return files
}

function overwritten(content: Buffer, at: number, bytes: Buffer): Buffer {
  const whole = resized(content, Math.max(content.length, at + bytes.length))
  bytes.copy(whole, at)
  return whole
}

function resized(content: Buffer, length: number): Buffer {
  if (length === content.length) return content
  const other = Buffer.alloc(length)
  content.copy(other)
  return other
}

/** The path that a call names. */
function pathOf(call: SystemCall): string {
  return pathsOf(call)[0] ?? ''
}

function pathsOf({ args }: SystemCall): string[] {
  const found = args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)
  return [...found].map(([, hexadecimal = '']) =>
    Buffer.from(hexadecimal.replaceAll('\\x', ''), 'hex').toString(),
  )
}
