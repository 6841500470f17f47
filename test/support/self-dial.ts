import { once } from 'node:events'
import { type AddressInfo, createServer, Socket } from 'node:net'

/**
 * Runs `dial` with a port of 127.0.0.1 where nobody listens, and from which everything that is dialled meanwhile leaves: so that it
 * connects to itself, as TCP does by chance (RFC 9293, 3.5, simultaneous open). Resolves to what that resolves to, and to how many
 * connections have met themselves.
 */
export async function dialItself<T>(dial: (port: number) => Promise<T>): Promise<{ result: T; met: number }> {
  const port = await freePort()
  const original = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket
  let met = 0
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    // Either the options, or what node:net has made of them: an array that begins with the options.
    const [options] = args.flat() as [{ localPort?: number }]
    options.localPort = port
    this.prependOnceListener('connect', () => {
      if (this.localPort === this.remotePort) met++
    })
    return original.apply(this, args)
  }
  try {
    return { result: await dial(port), met }
  } finally {
    Socket.prototype.connect = original
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
