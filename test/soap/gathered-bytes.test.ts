import { once } from 'node:events'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { GatheredBytes } from '../../src/soap/gathered-bytes.ts'
import { openTextServer } from './text-server.ts'

test('bytes that are put together are the pieces one after the other, which stay as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9000 })), (pieces) => {
      const copies = pieces.map((piece) => Buffer.from(piece))
      const gathered = new GatheredBytes()
      for (const piece of pieces) gathered.add(Buffer.from(piece.buffer, piece.byteOffset, piece.length))
      expect(gathered.all().equals(Buffer.concat(copies))).toBe(true)
      expect(pieces.map((piece) => Buffer.from(piece))).toEqual(copies)
    }),
  )
})

test('a body that comes as chunks of one byte takes about its length in memory', async () => {
  const server = await openTextServer({
    limits: { bodyBytes: 1_000_000 },
    http: { requestTimeoutMs: 120_000 },
  })
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const used = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = used()
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n')
  const some = '1\r\n<\r\n'.repeat(10_000)
  for (let sent = 0; sent < 90; sent++) {
    if (!socket.write(some)) await once(socket, 'drain')
    await new Promise((resolve) => setImmediate(resolve))
  }
  const grown = used() - before
  // 900,000 pieces were 170 MB.
  expect(grown).toBeLessThan(50_000_000)
  socket.destroy()
  await server.close()
}, 60_000)
