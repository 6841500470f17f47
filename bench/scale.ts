/**
 * What size costs: a million messages waiting for one user (memory of the server, start-up, drain), and ten thousand
 * idle sessions (memory of each, time to connect them all).
 *
 *   npm run bench scale [-- --messages 1000000 --sessions 10000]
 */
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { encodeFrame, SERVER_FRAMES, SessionDecoder } from '../src/wire/session.ts'
import { anonymousMiB, type StartedDms, startDms } from './support.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    sessions: { type: 'string', default: '10000' },
  },
})

type Handler = (operation: string, fields: readonly string[]) => void

/** A connection of the session protocol: frames in, bytes out. */
function open(port: number, onFrame: Handler): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const decoder = new SessionDecoder(SERVER_FRAMES, 1024 * 1024, (operation, fields) => {
      if (operation === 'SESSION') resolve(socket)
      else onFrame(operation, fields)
    })
    socket.on('data', (chunk) => decoder.decode(chunk))
    socket.on('error', reject)
    socket.write(encodeFrame('SESSION', 1), 'latin1')
  })
}

/** Sends `count` messages to an absent user, a window at a time. */
async function fill(dms: StartedDms, count: number): Promise<void> {
  const window = 256
  const text = 'x'.repeat(100)
  let sent = 0
  let answered = 0
  let done = (): void => {}
  const all = new Promise<void>((resolve) => {
    done = resolve
  })
  const socket = await open(dms.port, (operation, [ref]) => {
    if (operation === 'FAULT') throw new Error(`refused: ${ref}`)
    if (operation !== 'OK' || !ref?.startsWith('m')) return
    if (++answered === count) done()
    else if (answered % (window / 2) === 0) more()
  })
  const more = (): void => {
    let frames = ''
    while (sent < count && sent - answered < window)
      frames += encodeFrame('SEND', `m${sent++}`, 'absent', text)
    if (frames !== '') socket.write(frames, 'latin1')
  }
  socket.write(
    encodeFrame('REGISTER', 'r1', 'absent', '') + encodeFrame('REGISTER', 'r2', 'sender', ''),
    'latin1',
  )
  socket.write(encodeFrame('CONNECT', 'c', 'sender', ''), 'latin1')
  more()
  await all
  socket.destroy()
}

/** Connects as the absent user and takes everything. Resolves to messages a second. */
async function drain(dms: StartedDms, count: number): Promise<number> {
  let received = 0
  let last = ''
  let done = (): void => {}
  const all = new Promise<void>((resolve) => {
    done = resolve
  })
  const socket = await open(dms.port, (operation, fields) => {
    if (operation !== 'SEND_MESSAGE') return
    last = fields[0] as string
    if (++received === count) done()
  })
  socket.on('data', () => socket.write(encodeFrame('ACK', last), 'latin1'))
  const start = performance.now()
  socket.write(encodeFrame('CONNECT', 'c', 'absent', ''), 'latin1')
  await all
  socket.destroy()
  return count / ((performance.now() - start) / 1000)
}

async function waiting(count: number): Promise<void> {
  let dms = await startDms()
  const began = performance.now()
  await fill(dms, count)
  const seconds = (performance.now() - began) / 1000
  console.log(`${count} messages of 100 bytes waiting for one user, stored in ${seconds.toFixed(1)} s`)
  console.log(`  memory of the server after that      ${anonymousMiB(dms.pid).toFixed(0)} MiB (RssAnon)`)
  const { folder } = dms
  dms.kill()
  const restart = performance.now()
  dms = await startDms('--data', folder)
  console.log(`  start-up after kill -9               ${((performance.now() - restart) / 1000).toFixed(2)} s`)
  console.log(`  memory of the server then            ${anonymousMiB(dms.pid).toFixed(0)} MiB`)
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, anonymousMiB(dms.pid))
  }, 50)
  const rate = await drain(dms, count)
  clearInterval(watch)
  console.log(`  drained at                           ${rate.toFixed(0)} messages/s`)
  console.log(`  most memory meanwhile                ${most.toFixed(0)} MiB`)
  await dms.stop()
}

async function idle(count: number): Promise<void> {
  const dms = await startDms(
    '--max-connections',
    String(count * 2),
    '--max-connections-per-address',
    String(count * 2),
  )
  const before = anonymousMiB(dms.pid)
  const sockets: Socket[] = []
  const began = performance.now()
  const step = 200
  for (let i = 0; i < count; i += step) {
    await Promise.all(
      Array.from({ length: Math.min(step, count - i) }, async (_, j) => {
        await new Promise<void>((resolve, reject) => {
          void open(dms.port, (operation, [ref]) => {
            if (operation === 'OK' && ref === 'c') resolve()
            if (operation === 'FAULT') reject(new Error(`refused: ${ref}`))
          }).then((socket) => {
            sockets.push(socket)
            const user = `user${i + j}`
            socket.write(
              encodeFrame('REGISTER', 'r', user, '') + encodeFrame('CONNECT', 'c', user, ''),
              'latin1',
            )
          }, reject)
        })
      }),
    )
  }
  const seconds = (performance.now() - began) / 1000
  // A checkpoint takes what the registrations left in memory.
  await new Promise((resolve) => setTimeout(resolve, 12_000))
  const each = ((anonymousMiB(dms.pid) - before) * 1024) / count
  console.log(
    `${count} idle sessions, registered and connected in ${seconds.toFixed(1)} s: ${each.toFixed(1)} KiB each (RssAnon)`,
  )
  for (const socket of sockets) socket.destroy()
  await dms.stop()
}

await waiting(Number(values.messages))
await idle(Number(values.sessions))
