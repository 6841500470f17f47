import type { LegacyActor } from '../support/legacy-actor.ts'
import type { PushManners } from '../support/legacy-wire.ts'
import { legacyPlay } from '../support/stage.ts'

type Cast = [LegacyActor, LegacyActor]

/** A delivery counts when the peer has read it and closed (wire-protocol 1). */
describe.each<PushManners>(['resets', 'closes unread', 'stays silent'])('a client that %s', (manners) => {
  legacyPlay(
    'has not got the message: it counts as gone, and everything comes, in order, at its next CONNECT',
    async ({ onstage }) => {
      const [romeo, juliet] = (await onstage('romeo', 'juliet')) as Cast
      juliet.listener.manners = manners
      for (const text of ['one', 'two']) await romeo.sends(juliet, text)
      await comesBack(juliet)
      await juliet.heard.next('romeo: one', 'romeo: two')
      await romeo.heard.next('receipt 0', 'receipt 1')
      expect(romeo.heard.lines).toHaveLength(2)
    },
    { readMs: 200 },
  )

  legacyPlay(
    'holds up nobody else, not even its sender',
    async ({ onstage }) => {
      const [romeo, juliet, nurse] = (await onstage('romeo', 'juliet', 'nurse')) as [...Cast, LegacyActor]
      juliet.listener.manners = manners
      await romeo.sends(juliet, 'one')
      await juliet.listener.dialled(1)
      await romeo.sends(nurse, 'two')
      await nurse.heard.next('romeo: two')
      await romeo.heard.next('receipt 1')
    },
    { readMs: 60_000 },
  )
})

describe('a client whose listener', () => {
  legacyPlay(
    'opens only after the reply to CONNECT is dialled again until it is there',
    async ({ onstage, cast }) => {
      const [romeo] = (await onstage('romeo')) as [LegacyActor]
      const juliet = cast('juliet')
      await juliet.registers()
      for (const text of ['one', 'two']) await romeo.sends(juliet, text)
      // A port that is free, and stays so until it is opened.
      await juliet.listens()
      const { port } = juliet.listener
      await juliet.vanishes()
      await juliet.connectsTo(port)
      await juliet.listens(port)
      await juliet.heard.next('romeo: one', 'romeo: two')
      await romeo.heard.next('receipt 0', 'receipt 1')
    },
    { retryMs: 3000 },
  )

  legacyPlay('is gone makes it disconnected; others are served meanwhile', async ({ onstage }) => {
    const [romeo, juliet, nurse] = (await onstage('romeo', 'juliet', 'nurse')) as [...Cast, LegacyActor]
    await juliet.vanishes()
    await romeo.sends(juliet, 'one')
    await nurse.sends(romeo, 'two')
    await romeo.heard.next('nurse: two')
    await nurse.heard.next('receipt 1')
    await comesBack(juliet)
    await juliet.heard.next('romeo: one')
  })
})

describe('DISCONNECT while a push is under way', () => {
  legacyPlay(
    'is answered at once, and CONNECT right after it delivers nothing twice',
    async ({ onstage }) => {
      const [romeo, juliet] = (await onstage('romeo', 'juliet')) as Cast
      for (let round = 0; round < 10; round++) {
        const texts = ['a', 'b', 'c'].map((text) => `${round}${text}`)
        for (const text of texts) await romeo.sends(juliet, text)
        await juliet.disconnects()
        await juliet.connectsTo(juliet.listener.port)
        await juliet.heard.next(...texts.map((text) => `romeo: ${text}`))
      }
      await romeo.heard.next(...Array.from({ length: 30 }, (_, id) => `receipt ${id}`))
      expect(juliet.heard.lines).toHaveLength(30)
    },
  )

  legacyPlay(
    'that the client never reads: the message comes at the next CONNECT',
    async ({ onstage }) => {
      const [romeo, juliet] = (await onstage('romeo', 'juliet')) as Cast
      juliet.listener.manners = 'stays silent'
      await romeo.sends(juliet, 'one')
      await juliet.listener.dialled(1)
      await juliet.disconnects()
      await juliet.connects()
      await juliet.heard.next('romeo: one')
      await romeo.heard.next('receipt 0')
    },
    { readMs: 300 },
  )

  legacyPlay(
    'UNREGISTER is answered at once as well',
    async ({ onstage }) => {
      const [romeo, juliet] = (await onstage('romeo', 'juliet')) as Cast
      juliet.listener.manners = 'stays silent'
      await romeo.sends(juliet, 'one')
      await juliet.listener.dialled(1)
      await juliet.unregisters()
      await expect(romeo.sends(juliet, 'two')).rejects.toThrow('sender or recipient does not exist')
    },
    { readMs: 60_000 },
  )
})

/** Connects again, as soon as the server has found out that the last listener is of no use. */
async function comesBack(actor: LegacyActor): Promise<void> {
  for (;;) {
    const connected = await actor.connects().then(
      () => true,
      () => false,
    )
    if (connected) return
  }
}
