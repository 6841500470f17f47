import { statfsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import type { Round } from './load.ts'
import { TEXT_BYTES } from './text.ts'

/** What a round brought and what it cost. */
export interface Figures extends Round {
  /** Processor seconds of the server, all its threads, for 100,000 messages. */
  readonly serverPer100k: number
  /** What the server used, in cores. */
  readonly serverShare: number
  /** What the load generator used: near 1 while the server is not busy, it is the limit. */
  readonly generatorShare: number
  /** Messages that the load generator handled per second of its own processor time. */
  readonly generatorCeiling: number
  /** What neither server nor generator used, in cores: other work, which makes a round worth less. */
  readonly othersShare: number
}

/** All rounds of one system with one window. */
export interface Result {
  readonly name: string
  readonly version: string
  readonly note: string
  readonly window: number
  readonly rounds: readonly Figures[]
}

type Column = readonly [heading: string, key: keyof Figures, show: (value: number) => string]

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const hundredths = (value: number): string => value.toFixed(2)

/** The columns: their heading, and how a median stands in them. */
const COLUMNS: readonly Column[] = [
  ['sends/s', 'sends', whole],
  ['deliveries/s', 'deliveries', whole],
  ['delivery p50, ms', 'p50', hundredths],
  ['p99, ms', 'p99', hundredths],
  ['server CPU s per 100,000', 'serverPer100k', hundredths],
  ['server, cores', 'serverShare', hundredths],
  ['generator, cores', 'generatorShare', hundredths],
  ['generator could drive/s', 'generatorCeiling', whole],
  ['others, cores', 'othersShare', hundredths],
]

/** The columns that are worth dividing: ours by a peer's. */
const RATIOS = COLUMNS.slice(0, 5)

/** Numbers by which statfs(2) names file systems. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  801189825: 'zfs',
  2035054128: 'overlayfs',
  16914836: 'tmpfs, which is no disk: set TMPDIR to a folder on one',
}

/** A run as Markdown: its conditions, a table of medians, a table of ratios. */
export function report(pairs: number, results: readonly Result[]): string {
  const versions = new Set(
    results.filter(({ name }) => name !== 'null').map(({ name, version }) => `${name} ${version}`),
  )
  const { type } = statfsSync(tmpdir())
  return [
    `${pairs} senders, each to its own recipient; texts of ${TEXT_BYTES} bytes; medians of ${results[0]?.rounds.length} rounds.`,
    `${[...versions, `Node ${process.versions.node}`].join('; ')}. ${availableParallelism()} cores, ${FILE_SYSTEMS[type] ?? `file system ${type}`}.`,
    '',
    table(
      ['window', 'system', ...COLUMNS.map(([heading]) => heading)],
      results.map((result) => [
        `${result.window}`,
        result.name,
        ...COLUMNS.map(([, key, show]) => show(median(result, key))),
      ]),
    ),
    ...ratios(results),
    '',
    ...new Set(results.map(({ name, note }) => `- ${name}: ${note}`)),
  ].join('\n')
}

function ratios(results: readonly Result[]): string[] {
  const rows = results.flatMap((peer) => {
    const ours = results.find(({ name, window }) => name === 'ours' && window === peer.window)
    if (ours === undefined || peer.name === 'ours' || peer.name === 'null') return []
    const cells = RATIOS.map(([, key]) => hundredths(median(ours, key) / median(peer, key)))
    return [[`${peer.window}`, `ours / ${peer.name}`, ...cells]]
  })
  return rows.length === 0
    ? []
    : ['', table(['window', 'ratio', ...RATIOS.map(([heading]) => heading)], rows)]
}

/** A Markdown table, padded so that it can be read as it is: the second column holds names, the others figures. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((heading, n) => Math.max(heading.length, ...rows.map((row) => row[n]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, n) => (n === 1 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, n) => `${'-'.repeat(width + 1)}${n === 1 ? '-' : ':'}`).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

function median({ rounds }: Result, key: keyof Figures): number {
  const sorted = rounds.map((round) => round[key]).sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}
