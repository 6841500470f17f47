import fc from 'fast-check'
import { BACKEND_NAMES, createSessionBed } from '../support/session-bed.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { type Action, createPlay } from './session-model.ts'

const USERS = ['ann', 'bob', 'zoë']
const user = fc.constantFrom(...USERS)

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('register' as const), user }),
  fc.record({ kind: fc.constant('connect' as const), user, takeover: fc.boolean() }),
  fc.record({ kind: fc.constant('disconnect' as const), user }),
  fc.record({ kind: fc.constant('break off' as const), user }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unregister' as const), user }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      user,
      recipient: user,
      // Few refs, so that they come again.
      ref: fc.integer({ min: 0, max: 12 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('confirm' as const),
      user,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
)

/** Reliability R8: what anybody may do, in any order, against the real server on a real socket, beside a model of what is promised. */
describe.each(BACKEND_NAMES)('a session, over %s', (backend) => {
  afterEach(removeTempFolders)

  test('answers and delivers as the model of wire-protocol 2 does, whatever is done', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 60 }), async (actions) => {
        const bed = await createSessionBed({ backend })
        try {
          const play = createPlay(bed)
          // Everybody is there to begin with, or most of it would be refusals.
          for (const name of USERS) await play.act({ kind: 'register', user: name })
          for (const name of USERS) await play.act({ kind: 'connect', user: name, takeover: false })
          for (const next of actions) await play.act(next)
        } finally {
          await bed.close()
        }
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
