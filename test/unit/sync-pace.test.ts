import { SyncPace } from '../../src/backend/lmdb/sync-pace.ts'

const QUICK_MS = 0.2
const SLOW_MS = 10
const SMALL = 1000
const LARGE = 100_000

describe('where a log is synced', () => {
  test('the first sync is done elsewhere: nobody knows how long it takes', () => {
    expect(new SyncPace().inPlace(SMALL)).toBe(false)
  })

  test('small entries are synced in place once the disk has shown itself quick', () => {
    const pace = new SyncPace()
    pace.took(QUICK_MS)
    expect(pace.inPlace(SMALL)).toBe(true)
    expect(pace.inPlace(LARGE)).toBe(false)
  })

  test('a slow disk is never waited for', () => {
    const pace = new SyncPace()
    for (let syncs = 0; syncs < 100; syncs++) {
      pace.took(SLOW_MS)
      expect(pace.inPlace(SMALL)).toBe(false)
    }
  })

  test('a disk that stalled once is trusted again after a while, not at once', () => {
    const pace = new SyncPace()
    pace.took(QUICK_MS)
    pace.took(SLOW_MS)
    let syncs = 0
    for (; !pace.inPlace(SMALL) && syncs < 100; syncs++) pace.took(QUICK_MS)
    expect(syncs).toBeGreaterThan(5)
    expect(syncs).toBeLessThan(50)
  })
})
