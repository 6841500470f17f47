import type { Actor } from '../support/actor.ts'
import { MAX_TEXT_BYTES } from '../support/server.ts'
import { play } from '../support/stage.ts'

const REFUSED = { name: 'Refusal' }

describe('two who are present', () => {
  play('a message arrives, and its receipt comes back', async ({ onstage }) => {
    const [romeo, juliet] = (await onstage('romeo', 'juliet')) as [Actor, Actor]
    expect(await romeo.sends(juliet, 'hi,   wanna hear   a joke?')).toBe(0)
    await juliet.heard.next('romeo: hi,   wanna hear   a joke?')
    await romeo.heard.next('receipt 0')
  })

  play('many messages arrive in order, receipts too', async ({ onstage }) => {
    const [romeo, juliet] = (await onstage('romeo', 'juliet')) as [Actor, Actor]
    const texts = Array.from({ length: 50 }, (_, i) => `line ${i}`)
    for (const text of texts) await romeo.sends(juliet, text)
    await juliet.heard.next(...texts.map((text) => `romeo: ${text}`))
    await romeo.heard.next(...texts.map((_, i) => `receipt ${i}`))
  })

  play('both may speak at the same time', async ({ onstage }) => {
    const [romeo, juliet] = (await onstage('romeo', 'juliet')) as [Actor, Actor]
    await Promise.all([romeo.sends(juliet, 'you first'), juliet.sends(romeo, 'you first')])
    await Promise.all([romeo, juliet].map(({ heard }) => waitFor(heard, 2)))
    expect(romeo.heard.lines).toEqual(expect.arrayContaining(['juliet: you first']))
    expect(juliet.heard.lines).toEqual(expect.arrayContaining(['romeo: you first']))
    expect(
      [romeo, juliet].flatMap(({ heard }) => heard.lines.filter((line) => /^receipt/.test(line))),
    ).toHaveLength(2)
  })

  play('one can write to oneself', async ({ onstage }) => {
    const [romeo] = (await onstage('romeo')) as [Actor]
    await romeo.sends(romeo, 'remember')
    await romeo.heard.next('romeo: remember', 'receipt 0')
  })

  play('every character arrives as it was sent', async ({ onstage }) => {
    const [romeo, juliet] = (await onstage('romeo', 'zoë')) as [Actor, Actor]
    const texts = ['é', '日本語', '👩‍👩‍👧', '\t tab and\r return ', '', '\u0001\u001b[31m', '\u{10ffff}']
    for (const text of texts) await romeo.sends(juliet, text)
    await juliet.heard.next(...texts.map((text) => `romeo: ${text}`))
  })

  play('the longest text arrives whole; a longer one is refused, never cut', async ({ onstage }) => {
    const [romeo, juliet] = (await onstage('romeo', 'juliet')) as [Actor, Actor]
    const longest = 'x'.repeat(MAX_TEXT_BYTES)
    await expect(romeo.sends(juliet, `${longest}x`)).rejects.toMatchObject(REFUSED)
    expect(await romeo.sends(juliet, longest)).toBe(0)
    await juliet.heard.next(`romeo: ${longest}`)
  })
})

describe('one who is away', () => {
  play('messages wait, and arrive in order at CONNECT', async ({ onstage, cast }) => {
    const [romeo] = (await onstage('romeo')) as [Actor]
    const juliet = cast('juliet')
    await juliet.registers()
    for (const text of ['one', 'two', 'three']) await romeo.sends(juliet, text)
    await juliet.connects()
    await juliet.heard.next('romeo: one', 'romeo: two', 'romeo: three')
    await romeo.heard.next('receipt 0', 'receipt 1', 'receipt 2')
  })

  play(
    'messages arrive although their sender has left meanwhile, and the receipts wait for the sender',
    async ({ onstage, cast }) => {
      const [romeo] = (await onstage('romeo')) as [Actor]
      const juliet = cast('juliet')
      await juliet.registers()
      await romeo.sends(juliet, 'adieu')
      await romeo.disconnects()
      await juliet.connects()
      await juliet.heard.next('romeo: adieu')
      await juliet.disconnects()
      await romeo.connects()
      await romeo.heard.next('receipt 0')
    },
  )

  play('DISCONNECT stops delivery, CONNECT goes on with it, nothing comes twice', async ({ onstage }) => {
    const [romeo, juliet] = (await onstage('romeo', 'juliet')) as [Actor, Actor]
    await romeo.sends(juliet, 'one')
    await juliet.heard.next('romeo: one')
    await juliet.disconnects()
    await romeo.sends(juliet, 'two')
    await romeo.heard.next('receipt 0')
    expect(juliet.heard.lines).toEqual(['romeo: one'])
    await juliet.connects()
    await juliet.heard.next('romeo: two')
    await romeo.heard.next('receipt 1')
    await juliet.sends(juliet, 'end')
    await juliet.heard.next('juliet: end', 'receipt 2')
  })

  play(
    'a full mailbox refuses, and takes messages again when it was read',
    async ({ onstage, cast }) => {
      const [romeo] = (await onstage('romeo')) as [Actor]
      const juliet = cast('juliet')
      await juliet.registers()
      await romeo.sends(juliet, 'one')
      await romeo.sends(juliet, 'two')
      await expect(romeo.sends(juliet, 'three')).rejects.toMatchObject(REFUSED)
      await juliet.connects()
      await juliet.heard.next('romeo: one', 'romeo: two')
      await romeo.heard.next('receipt 0', 'receipt 1')
      await romeo.sends(juliet, 'three')
      await juliet.heard.next('romeo: three')
    },
    { limits: { items: 2, bytes: 1000 } },
  )

  play('who has vanished and comes back gets what was sent meanwhile, in order', async ({ onstage }) => {
    const [romeo, juliet] = (await onstage('romeo', 'juliet')) as [Actor, Actor]
    await juliet.vanishes()
    for (const text of ['one', 'two', 'three']) await romeo.sends(juliet, text)
    // The server finds out sooner or later; until then the name counts as connected.
    while (
      await juliet.connects().then(
        () => false,
        () => true,
      )
    );
    await juliet.heard.next('romeo: one', 'romeo: two', 'romeo: three')
    await romeo.heard.next('receipt 0', 'receipt 1', 'receipt 2')
  })
})

describe('who may not', () => {
  play('a name is taken once', async ({ onstage, cast }) => {
    await onstage('romeo')
    await expect(cast('romeo').registers()).rejects.toMatchObject(REFUSED)
  })

  play('who is not connected cannot send', async ({ onstage }) => {
    const [romeo, juliet] = (await onstage('romeo', 'juliet')) as [Actor, Actor]
    await romeo.disconnects()
    await expect(romeo.sends(juliet, 'x')).rejects.toMatchObject(REFUSED)
    await expect(romeo.disconnects()).rejects.toMatchObject(REFUSED)
  })

  play('nobody can write to a user who does not exist', async ({ onstage }) => {
    const [romeo] = (await onstage('romeo')) as [Actor]
    for (const name of ['nobody', 'x'.repeat(1000)]) {
      await expect(romeo.sends(name, 'x')).rejects.toMatchObject(REFUSED)
    }
    expect(await romeo.sends(romeo, 'x')).toBe(0)
  })

  play(
    'UNREGISTER takes the account and what waits in its mailbox; the name registered again gets nothing of it',
    async ({ onstage, cast }) => {
      const [romeo, juliet] = (await onstage('romeo', 'juliet')) as [Actor, Actor]
      await juliet.disconnects()
      await romeo.sends(juliet, 'lost')
      await juliet.connects()
      await juliet.heard.next('romeo: lost')
      await juliet.disconnects()
      await romeo.sends(juliet, 'never seen')
      await juliet.connects().then(() => juliet.unregisters())
      await expect(romeo.sends(juliet, 'x')).rejects.toMatchObject(REFUSED)
      const other = cast('juliet')
      await other.registers()
      await other.connects()
      await romeo.sends(other, 'welcome')
      await other.heard.next('romeo: welcome')
    },
  )
})

async function waitFor(heard: Actor['heard'], count: number): Promise<void> {
  while (heard.lines.length < count) await new Promise((resolve) => setImmediate(resolve))
}
