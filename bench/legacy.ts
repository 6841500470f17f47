/**
 * SENDs a second over the original protocol: each sender to its own recipient, every reply, delivery and receipt
 * counted. Each message is three TCP connections and a synced commit.
 *
 *   npm run bench legacy [-- --seconds 4 --senders 1,16,64]
 */
import { connect, createServer, type Server } from 'node:net'
import { parseArgs } from 'node:util'
import { percentile, startDms } from './support.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, senders: { type: 'string', default: '1,16,64' } },
})

/** One request: resolves to the reply's bytes once the server has closed. */
function request(port: number, ...fields: string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let reply = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      reply = reply.length === 0 ? chunk : Buffer.concat([reply, chunk])
    })
    socket.on('end', () => {
      resolve(reply)
      socket.destroy()
    })
    socket.on('error', reject)
    socket.write(`${fields.join('\0')}\0`)
  })
}

/** A client's listening side: counts what is pushed to it. */
function listen(onPush: (frame: string) => void): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      let frame = ''
      socket.setEncoding('latin1')
      socket.on('data', (chunk) => {
        frame += chunk
      })
      socket.on('end', () => onPush(frame))
      socket.on('error', () => {})
    })
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
      resolve({ server, port: (server.address() as { port: number }).port })
    })
  })
}

async function measure(senders: number, seconds: number): Promise<void> {
  const dms = await startDms()
  const servers: Server[] = []
  let deliveries = 0
  let receipts = 0
  let sent = 0
  let failures = 0
  let done: (() => void) | undefined
  const count = (frame: string): void => {
    if (frame.startsWith('SEND_MESSAGE')) deliveries++
    else receipts++
    if (receipts >= sent && deliveries >= sent) done?.()
  }
  try {
    for (let i = 0; i < senders; i++) {
      for (const user of [`from${i}`, `to${i}`]) {
        const { server, port } = await listen(count)
        servers.push(server)
        await request(dms.port, 'REGISTER', user)
        await request(dms.port, 'CONNECT', user, String(port))
      }
    }
    const times: number[] = []
    const text = 'x'.repeat(100)
    const start = performance.now()
    const until = start + seconds * 1000
    await Promise.all(
      Array.from({ length: senders }, async (_, i) => {
        while (performance.now() < until) {
          const began = performance.now()
          const reply = await request(dms.port, 'SEND', `from${i}`, `to${i}`, text).catch(() =>
            Buffer.alloc(0),
          )
          times.push(performance.now() - began)
          if (reply[0] === 0) sent++
          else failures++
        }
      }),
    )
    const rate = sent / ((performance.now() - start) / 1000)
    const all = new Promise<void>((resolve) => {
      done = resolve
      if (receipts >= sent) resolve()
    })
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 10_000))])
    console.log(
      `${String(senders).padStart(3)} senders  ${rate.toFixed(0).padStart(6)} sends/s   reply p50 ${percentile(times, 50)} ms  p99 ${percentile(times, 99)} ms   ` +
        `sent ${sent}  delivered ${deliveries}  receipts ${receipts}  failed ${failures}   server CPU ${dms.cpuSeconds().toFixed(1)} s`,
    )
  } finally {
    for (const server of servers) server.close()
    await dms.stop()
  }
}

console.log('original protocol, lmdb, every SEND synced before its reply')
for (const senders of values.senders.split(',')) await measure(Number(senders), Number(values.seconds))
