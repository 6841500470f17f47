import { describeWith } from '../support/describe-with.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import type { ActorFactory } from './actor.ts'
import { checkHistory, type HistoryEvent } from './history.ts'
import { createLegacyClientActor, createOriginalActor } from './legacy-actors.ts'
import { stableAddress } from './participants.ts'
import { createSessionActor } from './session-actor.ts'
import { underStrace } from './strace.ts'

const MESSAGES = 150
/** So many are shown before the server is killed. */
const SHOWN = 100
/** A disk that is so slow that little of what was confirmed is on it when the server is killed. */
const SLOW_DISK = underStrace({
  log: '/dev/null',
  calls: ['fdatasync'],
  inject: ['fdatasync:delay_enter=200ms'],
})

/**
 * wire-protocol 3, 2. A message counts as delivered when the program has taken it, and the server sends the next while that
 * is on its way to the disk. So a server that is killed may not know what was delivered, and sends it again: the slower
 * the disk, the more. The original's program shows it again. Ours remember.
 */
describeWith('strace')('messages whose delivery was not on disk when the server was killed', () => {
  let running: ServerProcess | undefined

  afterEach(async () => {
    await running?.kill()
    await removeTempFolders()
  })

  test.each([
    ['are not shown again by our client of the session protocol', createSessionActor, 0],
    ['are not shown again by our client of the original protocol', createLegacyClientActor, 0],
    ['are shown again, in order, by the original program', createOriginalActor, 1],
  ] as const)(
    '%s',
    async (_, factory: ActorFactory, least) => {
      const folder = await makeTempFolder()
      const address = await stableAddress()
      const history: HistoryEvent[] = []
      let whenSeen = () => {}
      const see = (event: HistoryEvent): void => {
        history.push(event)
        whenSeen()
      }
      const messagesShown = () => history.flatMap((event) => (event.kind === 'shown' ? event.text : []))
      const until = async (condition: () => boolean): Promise<void> => {
        while (!condition()) {
          await new Promise<void>((resolve) => {
            whenSeen = resolve
          })
        }
      }
      const ann = createSessionActor('ann', address, () => {})
      const bob = factory('bob', address, see)
      try {
        running = await startServerProcess({ folder, port: address.port })
        for (const actor of [ann, bob]) await actor.register()
        await ann.connect()
        await Promise.all(
          Array.from({ length: MESSAGES }, async (_, i) => {
            history.push({ kind: 'sent', sender: 'ann', recipient: 'bob', text: `message ${i}` })
            const id = await ann.send('bob', `message ${i}`)
            history.push({ kind: 'acknowledged', text: `message ${i}`, id })
          }),
        )
        await ann.close()
        await running.kill()

        running = await startServerProcess({ folder, port: address.port, under: SLOW_DISK })
        await bob.connect()
        await until(() => messagesShown().length >= SHOWN)
        await running.kill()
        await bob.abandon()
        history.push({ kind: 'killed' })

        running = await startServerProcess({ folder, port: address.port })
        await bob.connect()
        await until(() => messagesShown().includes(`message ${MESSAGES - 1}`))
      } finally {
        await ann.close()
        await bob.close()
      }
      const shown = messagesShown()
      expect(shown.length - new Set(shown).size).toBeGreaterThanOrEqual(least)
      const findings = checkHistory(history, { mayRepeatAfterKill: () => bob.mayRepeatAfterKill.message })
      // The receipts are ann's, who is not there.
      expect(findings.filter(({ complaint }) => complaint !== 'receipt lost')).toEqual([])
    },
    30_000,
  )
})
