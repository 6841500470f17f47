/**
 * What a person at the command line waits for: from starting the client to its prompt, and from Enter to `SEND OK`,
 * with trimming by the text service and without, over both protocols. Client and server are processes of their own, on loopback.
 *
 *   npm run bench cli [-- --starts 20 --sends 300]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { percentile, startDms } from './support.ts'

const { values } = parseArgs({
  options: { starts: { type: 'string', default: '20' }, sends: { type: 'string', default: '300' } },
})
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const TERMINAL = fileURLToPath(new URL('../test/support/terminal.py', import.meta.url))
const WARM_UP = 20
const server = await startDms()
/** Nothing of whoever runs this is read or written. */
const env = { ...process.env, XDG_STATE_HOME: server.folder, DMS_CREDENTIALS: '' }

/** Milliseconds from starting a command in a terminal to the first `c> ` that it shows. */
async function untilPrompt(...command: readonly string[]): Promise<number> {
  const from = performance.now()
  const child = spawn('python3', [TERMINAL, '80', ...command], { env })
  const ended = once(child, 'close')
  await printed(child, /c> /)
  const took = performance.now() - from
  child.kill()
  await ended
  return took
}

/** Resolves when the child has printed a match, from now on. */
function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let text = ''
    child.stdout?.on('data', function look(chunk) {
      text += chunk
      if (!pattern.test(text)) return
      child.stdout?.off('data', look)
      resolve()
    })
  })
}

/** Milliseconds from each SEND's line to its reply, the first one too, which loads the SOAP client and reads the WSDL. */
async function sendTimes(flags: readonly string[], sends: number): Promise<readonly number[]> {
  const client = spawn(process.execPath, [MAIN, 'client', ...flags], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env,
  })
  const ask = async (line: string, reply: RegExp) => {
    const from = performance.now()
    const answered = printed(client, reply)
    client.stdin.write(`${line}\n`)
    await answered
    return performance.now() - from
  }
  const [alice, bob] = flags.includes('--legacy') ? ['old-alice', 'old-bob'] : ['alice', 'bob']
  await ask(`REGISTER ${alice}`, /OK|USE/)
  await ask(`REGISTER ${bob}`, /OK|USE/)
  await ask(`CONNECT ${alice}`, /CONNECT OK/)
  const times: number[] = []
  for (let sent = 0; sent <= sends + WARM_UP; sent += 1) {
    times.push(await ask(`SEND ${bob} ${'ten words  and ten blanks '.repeat(4)}`, /SEND OK.*\n/))
  }
  const left = once(client, 'close')
  client.stdin.end('QUIT\n')
  await left
  return times
}

const starts = Number(values.starts)
const prompts: number[] = []
const terminals: number[] = []
for (let start = 0; start < starts; start += 1) {
  terminals.push(await untilPrompt('echo', 'c> '))
  prompts.push(await untilPrompt(process.execPath, MAIN, 'client'))
}
console.log(
  `prompt after p50 ${percentile(prompts, 50)} ms, p99 ${percentile(prompts, 99)} ms; the terminal itself p50 ${percentile(terminals, 50)} ms`,
)

const at = ['-p', String(server.port), '--wsdl', `http://localhost:${server.soapPort}/?wsdl`]
for (const [what, flags] of [
  ['with trimming', at],
  ['with --no-trim', [...at, '--no-trim']],
  ['with --legacy', [...at, '--legacy']],
  ['with --legacy --no-trim', [...at, '--legacy', '--no-trim']],
] as const) {
  const [first = 0, ...times] = await sendTimes(flags, Number(values.sends))
  const warm = times.slice(WARM_UP)
  console.log(
    `SEND ${what}: p50 ${percentile(warm, 50)} ms, p99 ${percentile(warm, 99)} ms; the first ${first.toFixed(0)} ms`,
  )
}
await server.stop()
