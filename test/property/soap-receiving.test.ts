import fc from 'fast-check'
import { openMessagingBed } from '../support/messaging-bed.ts'
import type { SessionPeer } from '../support/session-peer.ts'

/** As many as are in flight to a caller. */
const WINDOW = 100

type Step =
  | { readonly do: 'send'; readonly count: number }
  | { readonly do: 'receive'; readonly most: number; readonly gone: boolean }
  | { readonly do: 'acknowledge'; readonly beyond: number }
  | { readonly do: 'connect' }
  | { readonly do: 'leave' }

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({
      do: fc.constant('receive' as const),
      most: fc.integer({ min: 1, max: WINDOW }),
      gone: fc.boolean(),
    }),
    fc.record({ do: fc.constant('acknowledge' as const), beyond: fc.integer({ min: -5, max: 150 }) }),
    fc.record({ do: fc.constant('connect' as const) }),
    fc.record({ do: fc.constant('leave' as const) }),
  ),
  { maxLength: 25 },
)

test('whatever a caller and a session of the same user do in turn, what waits is given in order until it is acknowledged', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence: readonly Step[]) => {
      const bed = await openMessagingBed()
      await bed.addOpen('ada', 'bob')
      const bob = bed.as('bob', '')
      // The model: what was sent, what of it was acknowledged, and the presence with the last seq that it gave.
      let sent = 0
      let acknowledged = 0
      let given: number | undefined
      let peer: SessionPeer | undefined
      const run = {
        async send({ count }: { readonly count: number }) {
          const texts = Array.from({ length: count }, (_, i) =>
            bed.as('ada', '').send('bob', `${sent + i + 1}`),
          )
          await Promise.all(texts)
          sent += count
        },
        async receive({ most, gone }: { readonly most: number; readonly gone: boolean }) {
          const leaving = new AbortController()
          const polling = bob.poll(most, 0, { gone: leaving.signal })
          if (gone) leaving.abort()
          const { result, fault } = await polling
          expect(fault?.name).toBe(peer === undefined ? undefined : 'UserAlreadyConnected')
          if (peer !== undefined) return
          const entries = gone ? [] : numbers(acknowledged + 1, Math.min(acknowledged + most, sent))
          expect(seqsIn(result?.entry)).toEqual(entries)
          given = Math.max(given ?? 0, entries.at(-1) ?? 0)
        },
        async acknowledge({ beyond }: { readonly beyond: number }) {
          const seq = acknowledged + beyond
          const { fault } = await bob.acknowledge(seq)
          expect(fault?.name).toBe(peer === undefined ? undefined : 'UserAlreadyConnected')
          if (peer !== undefined) return
          given ??= 0
          const inHand = seq > acknowledged && seq <= Math.min(acknowledged + WINDOW, sent)
          acknowledged = Math.max(acknowledged, inHand ? seq : Math.min(seq, given))
        },
        async connect() {
          if (peer !== undefined) return
          peer = await bed.join('bob')
          given = undefined
          const waiting = Math.min(sent - acknowledged, WINDOW)
          const items = await peer.takeAll('SEND_MESSAGE', waiting)
          expect(items.map(([, seq]) => Number(seq))).toEqual(
            numbers(acknowledged + 1, acknowledged + waiting),
          )
        },
        async leave() {
          expect((await peer?.ask('DISCONNECT'))?.[0]).toBe(peer && 'OK')
          peer = undefined
        },
      }
      for (const step of sequence) await run[step.do](step as never)
      await bed.close()
    }),
    { numRuns: 60 },
  )
})

function seqsIn(entries: unknown): number[] {
  const list = entries === undefined ? [] : Array.isArray(entries) ? entries : [entries]
  return list.map(({ seq }: { readonly seq: string }) => Number(seq))
}

function numbers(from: number, through: number): number[] {
  return Array.from({ length: Math.max(0, through - from + 1) }, (_, i) => from + i)
}
