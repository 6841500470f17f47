import { CannotConnect, TimedOut } from '../../src/client/errors.ts'
import { createBackoff, passes } from '../../src/client/reconnect.ts'
import { FAULT_CODES, Fault } from '../../src/domain/fault.ts'

const LIMITS = { firstMs: 100, mostMs: 1_000 }
const times = (count: number, wait: () => number) => Array.from({ length: count }, wait)

describe('waits between attempts', () => {
  test('double from the first bound to the last', () => {
    const backoff = createBackoff(LIMITS, () => 1)
    expect(times(6, backoff.next)).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  test('are anything from nothing to the bound, so that clients do not come all at once', () => {
    let random = 0
    const backoff = createBackoff(LIMITS, () => (random += 0.25))
    expect(times(4, backoff.next)).toEqual([25, 100, 300, 800])
  })

  test('begin anew after a connection that held for as long as the longest wait, and not before', () => {
    const backoff = createBackoff(LIMITS, () => 1)
    times(3, backoff.next)
    backoff.held(999)
    expect(backoff.next()).toBe(800)
    backoff.held(1_000)
    expect(backoff.next()).toBe(100)
  })
})

test('an attempt is worth another one when the server was not there, or could not just now', () => {
  expect(passes(new CannotConnect('there', 'refused'))).toBe(true)
  expect(passes(new TimedOut('there', 'silent'))).toBe(true)
  expect(passes(new Error('the disk is full'))).toBe(false)
  const passing = FAULT_CODES.filter((code) => passes(new Fault(code, 'no')))
  expect(passing).toEqual(['try-again', 'unavailable'])
})
