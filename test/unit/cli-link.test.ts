import { createLink } from '../../src/cli/link.ts'
import { Fault } from '../../src/domain/fault.ts'

const lost = { state: 'lost', reason: new Error('cut') } as const
const back = { state: 'back', waiting: 0 } as const
const ended = { state: 'ended', reason: new Fault('already-connected', 'elsewhere') } as const

/** The order in which things come to pass. */
function order() {
  const seen: string[] = []
  return { seen, note: (what: string, work: Promise<void>) => work.then(() => void seen.push(what)) }
}

test('who waits for a server that is away goes on when it is back, or will not be', async () => {
  for (const change of [back, ended]) {
    const link = createLink()
    const { seen, note } = order()
    link.changed(lost)
    expect(link.away).toBe(true)
    const waits = note('settled', link.settled())
    await note('lost', link.lost())
    expect(seen).toEqual(['lost'])
    link.changed(change)
    await waits
    expect(link.away).toBe(false)
  }
})

test('a loss is heard of when it comes, each time', async () => {
  const link = createLink()
  for (let time = 0; time < 2; time += 1) {
    const heard = link.lost()
    link.changed(lost)
    await heard
    link.changed(back)
  }
  await link.settled()
  expect(link.over).toBe(false)
})

test('who leaves ends all waiting', async () => {
  const link = createLink()
  link.changed(lost)
  const waits = link.settled()
  link.end()
  await waits
  expect([link.over, link.away]).toEqual([true, false])
})
