/**
 * `remove_spaces` calls a second, side by side in one run: ours, gSOAP's standalone server in C, a bare node:http handler
 * with a regular expression, node-soap's server on express, Spyne under gunicorn with two workers, and the floor: a program in
 * C that does nothing but write one answer, which is what wrk and the kernel leave of a call. Needs wrk; peers whose
 * programs are not there are left out. Rounds are interleaved, so that what else the machine does hits all alike.
 *
 *   npm run bench:soap [-- --rounds 3 --seconds 2 --only ours,gSOAP --large]
 *
 * `--large`: only the load with a text of a mebibyte.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { processorSeconds } from '../support.ts'
import { envelope, LARGE_TEXT, TEXT, trim, VERSIONS, type Version } from './call.ts'
import { KINDS, missing, type Peer } from './servers.ts'

const run = promisify(execFile)

/** What is measured, and with whom: the others do not speak SOAP 1.2. */
const LOADS: readonly { version: Version; connections: number; names?: readonly string[]; text?: string }[] =
  [
    { version: '1.1', connections: 16 },
    { version: '1.2', connections: 16, names: ['ours', 'gSOAP'] },
    { version: '1.1', connections: 1 },
    { version: '1.1', connections: 4, names: ['ours', 'bare node:http'], text: LARGE_TEXT },
  ]

/** Until the compilers of Node's servers, which start anew, are at rest. */
const WARM_UP_SECONDS = 3

interface Measured {
  readonly rate: number
  /** In milliseconds. */
  readonly p99: number
  /** The server's processor time, all threads, in microseconds a call: what is least disturbed by others on the machine. */
  readonly cpu: number
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }

async function load(
  { port, pid }: Peer,
  script: string,
  seconds: number,
  connections: number,
): Promise<Measured> {
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--latency',
    '-s',
    script,
    `http://127.0.0.1:${port}/`,
  ]
  const before = pid === undefined ? Number.NaN : processorSeconds(pid)
  const { stdout } = await run('wrk', args)
  const used = pid === undefined ? Number.NaN : processorSeconds(pid) - before
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)
  if (refused !== null) throw new Error(`${refused[1]} calls to port ${port} were not answered with 200`)
  const [, p99, unit] = /^\s+99%\s+([\d.]+)(us|ms|s)/m.exec(stdout) ?? []
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p99: Number(p99) * (UNITS[unit ?? ''] ?? Number.NaN),
    cpu: (used * 1e6) / Number(/(\d+) requests in/.exec(stdout)?.[1]),
  }
}

async function checkAnswer(name: string, port: number, version: Version, text: string): Promise<void> {
  const { headers } = VERSIONS[version]
  const reply = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers,
    body: envelope(version, text),
  })
  const answer = await reply.text()
  if (!answer.includes(`>${trim(text)}<`)) throw new Error(`${name} answers: ${answer.slice(0, 1000)}`)
}

function script(version: Version, text: string): string {
  const headers = Object.entries(VERSIONS[version].headers).map(
    ([name, value]) => `wrk.headers["${name}"] = '${value}'`,
  )
  return `wrk.method = "POST"\n${headers.join('\n')}\nwrk.body = [==[${envelope(version, text)}]==]\n`
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
    large: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const wanted = values.only?.split(',')

const folder = await mkdtemp(join(tmpdir(), 'dms-bench-'))
const peers: (Peer & { readonly name: string })[] = []
try {
  for (const kind of KINDS.filter(({ name }) => wanted === undefined || wanted.includes(name))) {
    const lacking = missing(kind)
    if (lacking.length > 0) console.log(`${kind.name} is left out: there is no ${lacking.join(', ')}`)
    else peers.push({ name: kind.name, ...(await kind.start(folder)) })
  }
  console.log(
    `load average before: ${loadavg()
      .map((one) => one.toFixed(2))
      .join(' ')}`,
  )
  for (const { version, connections, names, text = TEXT } of LOADS.filter(
    (one) => !values.large || one.text !== undefined,
  )) {
    const file = join(folder, `post-${version}-${text.length}.lua`)
    await writeFile(file, script(version, text))
    const loaded = peers
      .filter(({ name }) => names === undefined || names.includes(name))
      .map((peer) => ({ ...peer, measured: [] as Measured[] }))
    for (const peer of loaded) {
      await checkAnswer(peer.name, peer.port, version, text)
      await load(peer, file, WARM_UP_SECONDS, connections)
    }
    for (let round = 0; round < rounds; round++) {
      for (const peer of loaded) peer.measured.push(await load(peer, file, seconds, connections))
    }
    console.log(
      `\nSOAP ${version}, ${text.length} bytes of text, ${connections} connections, median of ${rounds} rounds of ${seconds} s`,
    )
    const [ours] = loaded.map(({ measured }) => median(measured.map(({ rate }) => rate)))
    for (const { name, measured } of loaded) {
      const rate = median(measured.map((one) => one.rate))
      const p99 = median(measured.map((one) => one.p99))
      const cpu = median(measured.map((one) => one.cpu))
      const all = measured.map((one) => one.rate.toFixed(0)).join(' ')
      console.log(
        `${name.padEnd(21)}${rate.toFixed(0).padStart(7)} calls/s ${((rate * text.length) / 1e6).toFixed(1).padStart(6)} MB/s   ours is ${((ours ?? 0) / rate).toFixed(2)} times that   p99 ${p99.toFixed(2)} ms   ${Number.isNaN(cpu) ? '' : `${cpu.toFixed(1)} µs of processor a call   `}(${all})`,
      )
    }
  }
  console.log(
    `\nload average after: ${loadavg()
      .map((one) => one.toFixed(2))
      .join(' ')}`,
  )
} finally {
  for (const peer of peers) await peer.stop()
  await rm(folder, { recursive: true })
}
