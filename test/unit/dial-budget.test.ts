import { isLoopback, plainAddress } from '../../src/domain/address.ts'
import { createDialBudget } from '../../src/transport/dial-budget.ts'

describe('the dial budget', () => {
  const THERE = '192.0.2.7'

  test('lets a source fail fifty times in one go, and then five times a second', () => {
    let time = 0
    const budget = createDialBudget(() => time)
    for (let i = 0; i < 50; i++) {
      expect(budget.delay(THERE)).toBe(0)
      budget.failed(THERE)
    }
    expect(budget.delay(THERE)).toBeCloseTo(200)
    time += 100
    expect(budget.delay(THERE)).toBeCloseTo(100)
    time += 100
    expect(budget.delay(THERE)).toBe(0)
    budget.failed(THERE)
    expect(budget.delay(THERE)).toBeCloseTo(200)
  })

  test('knows each source for itself, and forgives in time', () => {
    let time = 0
    const budget = createDialBudget(() => time)
    for (let i = 0; i < 60; i++) budget.failed(THERE)
    expect(budget.delay(THERE)).toBeGreaterThan(0)
    expect(budget.delay('192.0.2.8')).toBe(0)
    time += 60_000
    expect(budget.delay(THERE)).toBe(0)
  })

  test('takes an IPv6 network for one source, since one host has all of its addresses', () => {
    const budget = createDialBudget(() => 0)
    for (let i = 0; i < 50; i++) budget.failed(`2001:db8:1:2::${i.toString(16)}`)
    expect(budget.delay('2001:db8:1:2:ffff::9')).toBeGreaterThan(0)
    expect(budget.delay('2001:db8:1:3::1')).toBe(0)
  })

  test('is not for clients of this machine, which are all one address', () => {
    const budget = createDialBudget(() => 0)
    for (const address of ['127.0.0.1', '127.8.8.8', '::1']) {
      for (let i = 0; i < 1000; i++) budget.failed(address)
      expect(budget.delay(address)).toBe(0)
    }
  })
})

describe('an address', () => {
  test.each(['127.0.0.1', '127.255.0.3', '::1', plainAddress('::ffff:127.0.0.1')])(
    '%s is this machine',
    (address) => {
      expect(isLoopback(address)).toBe(true)
    },
  )

  test.each(['', '128.0.0.1', '10.0.0.1', '::', 'fe80::1', '::ffff:10.0.0.1', '::2', '2001:db8::127.0.0.1'])(
    '%s is not',
    (address) => {
      expect(isLoopback(plainAddress(address))).toBe(false)
    },
  )
})
