import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** How a peer wastes the server's time. */
export const MANNERS = {
  /** A request of the original protocol, one byte at a time. */
  'trickles a request': { opening: 'SEND\0ann\0', byte: 'x' },
  /** The same in a session. */
  'trickles a frame': { opening: 'SESSION\x001\0SEND\0r\0ann\0', byte: 'x' },
  /** Nothing, from the first moment. */
  'says nothing': { opening: '', byte: '' },
  /** Half a first word. */
  'begins to speak': { opening: 'SESS', byte: '' },
} as const

/** Into so many parts the time between two bytes is divided. */
const TURNS = 20

/** Peers that waste the server's time. */
export interface SlowPeers {
  /** How many the server has cut so far. */
  readonly cut: number
  /** How many are open. */
  readonly open: number
  /** Resolves when the server has cut every one. */
  readonly allCut: Promise<void>
  close(): void
}

/** What they do. */
export interface SlowPeersOptions {
  readonly port: number
  readonly count: number
  readonly manners: readonly (keyof typeof MANNERS)[]
  /** Between two bytes of one peer. */
  readonly everyMs: number
  /** The time over which they come, in milliseconds; 0, the default: as fast as they can. */
  readonly withinMs?: number
  /** Another takes the place of each that was cut. */
  readonly again?: boolean
}

/** Dials them all; resolves when each is connected. */
export async function openSlowPeers(options: SlowPeersOptions): Promise<SlowPeers> {
  const { port, count, manners, everyMs, withinMs = 0, again = false } = options
  const peers = new Map<Socket, string>()
  let cut = 0
  let closing = false
  let finish = () => {}
  const allCut = new Promise<void>((resolve) => {
    finish = resolve
  })
  const started = performance.now()
  for (let n = 0; n < count; n++) {
    await dial(n)
    const early = started + (n * withinMs) / count - performance.now()
    if (early > 1) await pause(early)
  }
  // Not all in one moment: they know nothing of each other.
  let turn = 0
  const trickling = setInterval(() => {
    turn = (turn + 1) % TURNS
    let at = 0
    for (const [socket, byte] of peers) if (at++ % TURNS === turn && byte !== '') socket.write(byte)
  }, everyMs / TURNS)

  return {
    get cut() {
      return cut
    },
    get open() {
      return peers.size
    },
    allCut,
    close() {
      closing = true
      clearInterval(trickling)
      for (const socket of peers.keys()) socket.destroy()
    },
  }

  function dial(n: number): Promise<void> {
    const { opening, byte } = MANNERS[manners[n % manners.length] as keyof typeof MANNERS]
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    peers.set(socket, byte)
    return new Promise((resolve) => {
      socket.once('connect', () => {
        if (opening !== '') socket.write(opening)
        resolve()
      })
      socket.resume()
      socket.on('error', () => {})
      socket.on('close', () => {
        resolve()
        peers.delete(socket)
        if (closing) return
        cut++
        if (again) void dial(n)
        else if (peers.size === 0) finish()
      })
    })
  }
}

/** The memory of a process that is its own, in bytes. */
export function ownMemory(pid: number): number {
  const [, kilobytes = ''] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
