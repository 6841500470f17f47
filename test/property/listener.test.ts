import { connect } from 'node:net'
import fc from 'fast-check'
import type { Observer } from '../../src/domain/observer.ts'
import { BACKENDS } from '../support/backends.ts'
import { exchange } from '../support/legacy-wire.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** Bytes that mean nothing, and bytes that nearly mean something. */
const words = [
  'REGISTER',
  'SEND',
  'CONNECT',
  'UNREGISTER',
  'DISCONNECT',
  'SESSION',
  '1',
  'AUTH',
  'ACK',
  'USERS',
  'PING',
]
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(...words, '\0', '\0', '\n', '4711', 'x'.repeat(70_000), '\xff', '-1')
    .map((text) => Buffer.from(text, 'latin1')),
)

describe('random bytes at the socket port', () => {
  const internal: unknown[] = []
  const observer: Observer = { internalError: (where, error) => internal.push([where, error]) }
  let stage: Stage
  let users = 0

  beforeAll(async () => {
    stage = await openStage(BACKENDS[0] as (typeof BACKENDS)[number], { observer, requestTimeoutMs: 500 })
  })

  afterAll(() => stage.close())

  test('end in a reply or a closed connection; nothing breaks, and others are served', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.constantFrom('end', 'cut'),
        async (pieces, how) => {
          await babble(pieces, how)
          const name = `user${users++}`
          expect(await exchange(stage.port, [`REGISTER\0${name}\0`])).toEqual(Buffer.of(0))
        },
      ),
      { numRuns: 200 },
    )
    expect(internal).toEqual([])
  }, 60_000)

  /** Writes the pieces and ends, or cuts, the connection; resolves when it is closed. */
  function babble(pieces: readonly Buffer[], how: 'end' | 'cut'): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: stage.port, noDelay: true })
      socket.on('error', () => {}).on('close', () => resolve())
      socket.resume()
      for (const bytes of pieces) socket.write(bytes)
      if (how === 'end') socket.end()
      else socket.once('connect', () => setImmediate(() => socket.resetAndDestroy()))
    })
  }
})
