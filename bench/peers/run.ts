/**
 * Ours beside its peers, in one run: messages of 100 bytes from each sender to its own recipient, every one
 * acknowledged to the sender and confirmed by the recipient. Rounds are interleaved, so that what else the machine
 * does hits all alike; the disk is at rest before each; the figures are medians.
 *
 *   npm run bench:peers [-- --seconds 2 --rounds 5 --window 1,64 --only ours,nats-server]
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { processorSeconds } from '../support.ts'
import { Load, type Times, type Traffic } from './load.ts'
import { mosquitto } from './mqtt.ts'
import { nats, natsLog } from './nats.ts'
import { type Figures, report } from './report.ts'
import type { Server } from './server.ts'
import { nothing, nothingSynced, ours } from './session.ts'
import type { System } from './system.ts'

const PAIRS = 8
/** More messages than anything brings in a second, so that the room for their times is there before. */
const MOST_A_SECOND = 2_000_000
/** Servers run for days: the first second of one, while it compiles what is hot and makes its first files, is nobody's. */
const WARM_UP_MS = 3000

const SYSTEMS: readonly System[] = [ours, mosquitto, nats, natsLog, nothing, nothingSynced]

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    window: { type: 'string', default: '1,64' },
    only: { type: 'string' },
  },
})

/** A system under test, with a server and connections of its own for each window, and what its rounds brought. */
interface Bench {
  readonly system: System
  readonly window: number
  readonly server: Server
  readonly load: Load
  readonly traffic: Traffic
  readonly rounds: Figures[]
}

async function open(system: System, window: number, times: Times): Promise<Bench> {
  const server = await system.start(window)
  const load = new Load(system.name, times)
  return { system, window, server, load, traffic: await system.connect(server.port, PAIRS, load), rounds: [] }
}

/** Processor time that all of the machine has used, in seconds (proc(5), /proc/stat). */
function machineSeconds(): number {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'latin1')
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return [user, nice, system, irq, softirq].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / 100
}

/** One round of one system, with what it cost. */
async function measure({ server, load, traffic, window }: Bench, milliseconds: number): Promise<Figures> {
  // What the others left unwritten must not be written at this one's expense.
  execFileSync('sync')
  const serverBefore = processorSeconds(server.pid)
  const machineBefore = machineSeconds()
  const round = await load.run(traffic, window, milliseconds)
  const serverSeconds = processorSeconds(server.pid) - serverBefore
  const others = machineSeconds() - machineBefore - serverSeconds - round.generatorSeconds
  return {
    ...round,
    serverPer100k: (serverSeconds / round.messages) * 100_000,
    serverShare: serverSeconds / round.seconds,
    generatorShare: round.generatorSeconds / round.seconds,
    generatorCeiling: round.messages / round.generatorSeconds,
    othersShare: Math.max(0, others / round.seconds),
  }
}

function line(round: number, { system, window }: Bench, figures: Figures): string {
  const { sends, deliveries, p50, p99, serverShare, generatorShare, othersShare } = figures
  return (
    `round ${round}  window ${window}  ${system.name.padEnd(11)} ${sends.toFixed(0).padStart(7)} sends/s ` +
    `${deliveries.toFixed(0).padStart(7)} deliveries/s  p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms  ` +
    `cores: server ${serverShare.toFixed(2)} generator ${generatorShare.toFixed(2)} others ${othersShare.toFixed(2)}`
  )
}

const [seconds = 0, rounds = 0, ...windows] = [
  values.seconds,
  values.rounds,
  ...values.window.split(','),
].map(Number)
if (![seconds, rounds, ...windows].every((value) => value > 0)) {
  console.error('--seconds, --rounds and --window take numbers above 0, --window several with commas')
  process.exit(2)
}
const chosen = SYSTEMS.filter(
  ({ name }) => values.only === undefined || values.only.split(',').includes(name),
)
const missing = chosen.filter((system) => system.version() === undefined)
if (missing.length > 0 || chosen.length === 0) {
  const names = missing.map(({ name }) => name).join(' and ')
  console.error(
    chosen.length === 0
      ? `--only: say some of ${SYSTEMS.map(({ name }) => name).join(', ')}`
      : `${names} not found: \`apt-get install ${names.replace(' and ', ' ')}\`, or leave out with --only`,
  )
  process.exit(2)
}

process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
const room = Math.ceil((MOST_A_SECOND * Math.max(WARM_UP_MS, seconds * 1000)) / 1000)
const times: Times = { sentAt: new Float64Array(room), took: new Float64Array(room) }
const benches: Bench[] = []
for (const window of windows) for (const system of chosen) benches.push(await open(system, window, times))
for (const bench of benches) await measure(bench, WARM_UP_MS)
for (let round = 1; round <= rounds; round++) {
  for (const bench of benches) {
    const figures = await measure(bench, seconds * 1000)
    bench.rounds.push(figures)
    console.error(line(round, bench, figures))
  }
}
for (const { traffic, server } of benches) {
  traffic.close()
  await server.stop()
}
console.log(
  report(
    PAIRS,
    benches.map(({ system, window, rounds }) => ({
      name: system.name,
      note: system.note,
      version: `${system.version()}`,
      window,
      rounds,
    })),
  ),
)
