import type { Actor } from '../support/actor.ts'
import { play } from '../support/stage.ts'

/** 64 at the same time, each to a recipient of its own: the original hung at four. */
describe('a crowd', () => {
  play('every message is delivered once and in order, and every receipt comes', async ({ cast }) => {
    const pairs = Array.from({ length: 64 }, (_, i) => [cast(`sender${i}`), cast(`recipient${i}`)] as const)
    await Promise.all(pairs.flat().map((actor) => actor.registers()))
    await Promise.all(pairs.flat().map((actor) => actor.connects()))
    const texts = ['one', 'two', 'three', 'four', 'five']

    const ids = await Promise.all(pairs.map(([sender, recipient]) => sendAll(sender, recipient, texts)))
    await Promise.all(
      pairs.map(async ([sender, recipient], i) => {
        await recipient.heard.next(...texts.map((text) => `${sender.name}: ${text}`))
        await sender.heard.next(...(ids[i] as number[]).map((id) => `receipt ${id}`))
      }),
    )
    expect(new Set(ids.flat())).toEqual(new Set(Array.from({ length: 320 }, (_, id) => id)))
    expect(pairs.flat().reduce((sum, { heard }) => sum + heard.lines.length, 0)).toBe(640)
  })
})

async function sendAll(sender: Actor, recipient: Actor, texts: readonly string[]): Promise<number[]> {
  const ids: number[] = []
  for (const text of texts) ids.push(await sender.sends(recipient, text))
  return ids
}
