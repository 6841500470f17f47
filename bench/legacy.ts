/**
 * SENDs a second over the original protocol: each sender to its own recipient, every reply, delivery and receipt
 * counted. Each message is three TCP connections and a synced commit. The load is legacy-load.c, compiled here with `cc`.
 *
 *   npm run bench legacy [-- --seconds 4 --senders 1,16,64]
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startDms } from './support.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, senders: { type: 'string', default: '1,16,64' } },
})

/** Compiles the load generator into this folder; its path. */
function compileLoad(folder: string): string {
  const program = join(folder, 'legacy-load')
  const source = fileURLToPath(new URL('legacy-load.c', import.meta.url))
  const { status, error } = spawnSync('cc', ['-O2', '-pthread', '-o', program, source], { stdio: 'inherit' })
  if (status === 0) return program
  throw new Error(
    `the load generator needs a C compiler, \`cc\` (apt-get install gcc libc6-dev): ${error ?? ''}`,
  )
}

/** Runs a program and resolves to what it printed. */
function output(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`${program}: ${code}`))))
  })
}

async function measure(load: string, senders: string): Promise<void> {
  const dms = await startDms()
  try {
    const before = dms.cpuSeconds()
    const line = await output(load, String(dms.port), senders, values.seconds)
    const [rate, p50, p99, sent, delivered, receipts, failed] = line.trim().split(' ')
    const server = dms.cpuSeconds() - before
    console.log(
      `${senders.padStart(3)} senders  ${rate?.padStart(6)} sends/s   reply p50 ${p50} ms  p99 ${p99} ms   ` +
        `sent ${sent}  delivered ${delivered}  receipts ${receipts}  failed ${failed}   ` +
        `server CPU ${((server / Number(sent)) * 1000).toFixed(2)} ms a send`,
    )
  } finally {
    await dms.stop()
  }
}

const folder = mkdtempSync(join(tmpdir(), 'dms-bench-load-'))
try {
  const load = compileLoad(folder)
  console.log('original protocol, lmdb, every SEND synced before its reply')
  for (const senders of values.senders.split(',')) await measure(load, senders)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
