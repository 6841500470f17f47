/**
 * Reliability R5, at length: what somebody waits for an OK, before and while thousands waste the server's time; and what they cost.
 *
 *   npm run soak:slow [-- --peers 5000 --seconds 30]
 *
 * The peers are a process of their own, so that the stopwatch does not stand in their way. Each that is cut comes again.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MANNERS, openSlowPeers, ownMemory, type SlowPeers } from '../../test/hardening/slow-peers.ts'
import { startServerProcess } from '../../test/support/server-process.ts'
import { dialSessionPeer } from '../../test/support/session-peer.ts'
import { makeTempFolder, removeTempFolders } from '../../test/support/temp-folder.ts'

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '30' },
    port: { type: 'string' },
  },
})

if (values.port === undefined) await measure()
else await waste(Number(values.port))

/** The other process: wastes time, and answers each message with what has become of it. */
async function waste(port: number): Promise<void> {
  // They stand for other machines, so they must not take the processor from the server.
  setPriority(constants.priority.PRIORITY_LOW)
  const manners = Object.keys(MANNERS) as (keyof typeof MANNERS)[]
  const options = { port, count: Number(values.peers), manners, everyMs: 1000, withinMs: 10_000, again: true }
  const peers: SlowPeers = await openSlowPeers(options)
  process.on('message', () => process.send?.({ open: peers.open, cut: peers.cut }))
  process.send?.({ open: peers.open, cut: peers.cut })
}

async function measure(): Promise<void> {
  const folder = await makeTempFolder()
  const server = await startServerProcess({ folder, flags: ['--log-level', 'error'] })
  const seconds = Number(values.seconds)
  const peer = await dialSessionPeer(server.port)
  peer.send(['SESSION', 1], ['REGISTER', 'r', 'ann', ''], ['CONNECT', 'c', 'ann', ''])
  await peer.reply('c')

  await waits(5)
  const alone = await waits(seconds)
  const memoryBefore = ownMemory(server.pid)
  const others: ChildProcess = fork(
    new URL(import.meta.url),
    ['--port', String(server.port), '--peers', values.peers],
    {
      execArgv: ['--import', './tools/typescript.mjs'],
    },
  )
  await once(others, 'message')
  let mostMemory = 0
  const watching = setInterval(() => {
    mostMemory = Math.max(mostMemory, ownMemory(server.pid))
  }, 500)
  const beside = await waits(seconds)
  others.send('how many')
  const [{ open, cut }] = (await once(others, 'message')) as [{ open: number; cut: number }]
  clearInterval(watching)
  others.kill()
  await peer.close()
  server.signal('SIGTERM')
  const { code } = await server.ended
  const ratio = Math.round((beside.p99 / alone.p99) * 100) / 100
  const perPeer = Math.round((mostMemory - memoryBefore) / Number(values.peers))
  process.stdout.write(
    `${JSON.stringify({ alone, beside, ratio, open, cut, bytesPerPeer: perPeer, exit: code })}\n`,
  )
  process.exitCode = code === 0 && cut > 0 && ratio <= 2 ? 0 : 1
  await removeTempFolders()
  process.exit()

  /** Sends to itself, a hundred times a second, and confirms; how long each OK took, in milliseconds. */
  async function waits(during: number): Promise<{ sent: number; p50: number; p99: number }> {
    const times: number[] = []
    for (const end = performance.now() + during * 1000; performance.now() < end; ) {
      const began = performance.now()
      await peer.ask('SEND', 'ann', 'x'.repeat(100))
      times.push(performance.now() - began)
      peer.confirm(await peer.take('SEND_MESSAGE'))
      peer.confirm(await peer.take('SEND_MESS_ACK'))
      await pause(10)
    }
    times.sort((a, b) => a - b)
    const at = (share: number) => Math.round((times[Math.floor(times.length * share)] ?? 0) * 100) / 100
    return { sent: times.length, p50: at(0.5), p99: at(0.99) }
  }
}
