import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Observer } from '../../src/domain/observer.ts'
import { createDialThread, type DialThread } from '../../src/transport/dial-thread.ts'

/** The thread runs the sources as they are. */
const FROM_SOURCE = ['--import', fileURLToPath(new URL('../../tools/typescript.mjs', import.meta.url))]
const BYTES = Buffer.from('SEND_MESSAGE\0romeo\x001\0caf\xe9\0', 'latin1')

let threads: DialThread[] = []
let servers: Server[] = []

function makeThread(observer: Observer = {}, execArgv: string[] = FROM_SOURCE): DialThread {
  const thread = createDialThread(observer, execArgv)
  threads.push(thread)
  return thread
}

/** A client's listener that does this with each connection; a push to it. */
async function makeClient(serve: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return pushTo((server.address() as AddressInfo).port)
}

function pushTo(port: number) {
  return { address: '127.0.0.1', port, bytes: BYTES, readMs: 60_000 }
}

/** Reads to the end, then closes, as a client should. */
function readsAll(heard: Buffer[]) {
  return (socket: Socket): void => {
    socket.on('data', (chunk) => heard.push(chunk)).on('end', () => socket.end())
  }
}

describe('the thread that dials', () => {
  afterEach(async () => {
    for (const thread of threads) await thread.close()
    for (const server of servers) server.close()
    threads = []
    servers = []
  })

  test('pushes the bytes as they are, and says that they were read', async () => {
    const heard: Buffer[] = []
    const push = await makeClient(readsAll(heard))
    expect(await makeThread().dial(push)).toBe('delivered')
    expect(Buffer.concat(heard)).toEqual(BYTES)
  })

  test('tells of each push what became of it, however many there are at once', async () => {
    const reads = await makeClient(readsAll([]))
    const closesUnread = await makeClient((socket) => socket.destroy())
    const nobody = await makeClient(() => {})
    const gone = servers.at(-1) as Server
    await new Promise((resolve) => gone.close(resolve))
    const { dial } = makeThread()
    const outcomes = await Promise.all([nobody, reads, closesUnread, reads, nobody].map(dial))
    expect(outcomes).toEqual(['refused', 'delivered', 'failed', 'delivered', 'refused'])
  })

  test('closing it ends what a client keeps waiting', async () => {
    let accepted = (): void => {}
    const dialled = new Promise<void>((resolve) => {
      accepted = resolve
    })
    const push = await makeClient(() => accepted())
    const thread = makeThread()
    const outcome = thread.dial(push)
    await dialled
    await thread.close()
    expect(await outcome).toBe('failed')
  })

  test('a thread that fails says so, its pushes have failed, and the next push starts another', async () => {
    const errors: string[] = []
    const observer: Observer = { internalError: (where) => void errors.push(where) }
    const push = await makeClient(readsAll([]))
    const { dial } = makeThread(observer, ['--import', 'data:text/javascript,throw new Error("no")'])
    expect(await dial(push)).toBe('failed')
    expect(await dial(push)).toBe('failed')
    expect(errors).toEqual(['dial', 'dial'])
  })
})
