import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { dialAndPush } from '../../src/transport/push-dial.ts'

const AT_ONCE = 50
/** The system has about 28,000 ports to dial from, and gives each dial one of them: so many miss one port in one of 200 runs. */
const DIALS = 150_000

/** TCP lets a socket connect to itself (RFC 9293, 3.5, simultaneous open): where nobody listens, a dial may get the very port that it dials. */
test('a push to a port where nobody listens is never taken for delivered, not even when the dial meets itself', async () => {
  const port = await freePort()
  let met = false
  const look = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    socket.once('connect', () => {
      met ||= socket.localPort === port
    })
  }
  subscribe('net.client.socket', look)
  const push = { address: '127.0.0.1', port, bytes: Buffer.from('SEND_MESS_ACK\x007\0'), readMs: 60_000 }
  const outcomes = new Set<string>()
  for (let dials = 0; dials < DIALS && !met; dials += AT_ONCE) {
    for (const outcome of await Promise.all(Array.from({ length: AT_ONCE }, () => dialAndPush(push)))) {
      outcomes.add(outcome)
    }
  }
  unsubscribe('net.client.socket', look)
  expect([...outcomes]).toEqual(['refused'])
})

/** An even port from the range that the system dials from (Linux prefers even ones for that), where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port - (port % 2)
}
