import { createBusyPoll } from '../../src/soap/busy-poll.ts'

/** A loop whose turns take 0.06 ms each, and sleep when nobody asks for the next. */
function makeLoop() {
  let at = 0
  const asked: (() => void)[] = []
  const answered = createBusyPoll({ now: () => at, next: (look) => asked.push(look) })
  return {
    answered,
    pass(milliseconds: number) {
      at += milliseconds
    },
    /** Turns until it sleeps; how often. */
    turns() {
      let turns = 0
      for (let look = asked.shift(); look !== undefined && turns < 1000; look = asked.shift()) {
        at += 0.06
        turns++
        look()
      }
      return turns
    },
  }
}

describe('staying awake between calls', () => {
  test('one call alone lets the loop sleep', () => {
    const { answered, turns } = makeLoop()
    answered()
    expect(turns()).toBe(0)
  })

  test('two that follow each other at once keep it awake, for a moment', () => {
    const { answered, turns, pass } = makeLoop()
    answered()
    pass(0.1)
    answered()
    expect(turns()).toBe(4)
    expect(turns()).toBe(0)
  })

  test('callers that pause are not waited for', () => {
    const { answered, turns, pass } = makeLoop()
    for (let calls = 0; calls < 10; calls++) {
      answered()
      pass(5)
    }
    expect(turns()).toBe(0)
  })

  test('however many are answered, it looks once a turn', () => {
    const { answered, turns } = makeLoop()
    for (let calls = 0; calls < 100; calls++) answered()
    expect(turns()).toBe(4)
  })
})
