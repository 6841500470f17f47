import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The network between a client and a server, which a test can break. */
export interface Relay {
  readonly port: number
  /** What comes from that end, on connections there are, goes nowhere from now on; nobody is told. */
  swallow(from: 'client' | 'server'): void
  /** Ends every connection with a reset. */
  cut(): void
  /** Refuses connections until `mend`. */
  refuse(): Promise<void>
  mend(): Promise<void>
  close(): Promise<void>
}

interface Link {
  readonly client: Socket
  readonly server: Socket
  readonly swallowed: Set<'client' | 'server'>
}

/** Starts a relay to a port of this machine. */
export async function openRelay(to: () => number): Promise<Relay> {
  const links = new Set<Link>()
  const listener = createServer((client) => {
    const server = connect({ host: '127.0.0.1', port: to(), noDelay: true })
    const link: Link = { client, server, swallowed: new Set() }
    links.add(link)
    const join = (from: Socket, other: Socket, end: 'client' | 'server') => {
      from.on('data', (chunk) => {
        if (!link.swallowed.has(end)) other.write(chunk)
      })
      from.on('error', () => other.destroy())
      from.on('end', () => {
        if (!link.swallowed.has(end)) other.end()
      })
      from.on('close', () => {
        links.delete(link)
        if (!link.swallowed.has(end)) other.destroy()
      })
    }
    join(client, server, 'client')
    join(server, client, 'server')
  })
  const listen = async (port: number) => {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
    return (listener.address() as AddressInfo).port
  }
  const port = await listen(0)
  const cut = () => {
    for (const { client, server } of links) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }
  const refuse = async () => {
    const closed = once(listener, 'close')
    listener.close()
    cut()
    await closed
  }
  return {
    port,
    swallow(from) {
      for (const { swallowed } of links) swallowed.add(from)
    },
    cut,
    refuse,
    async mend() {
      await listen(port)
    },
    async close() {
      cut()
      if (listener.listening) await refuse()
    },
  }
}
