import fc from 'fast-check'
import { FingerprintSet } from '../../src/soap/fingerprint-set.ts'
import { createNonceCache } from '../../src/soap/nonce-cache.ts'

describe('the memory of nonces', () => {
  function create(capacity = 10) {
    let time = 0
    const cache = createNonceCache({ capacity, keepMs: 800, now: () => time })
    return {
      cache,
      pass(milliseconds: number) {
        time += milliseconds
      },
    }
  }

  test('knows a nonce for as long as it was told, and an eighth longer at most', () => {
    const { cache, pass } = create()
    expect(cache.reserve('a')).toBe('reserved')
    pass(99)
    expect(cache.reserve('b')).toBe('reserved')
    pass(701)
    expect(['a', 'b'].map((nonce) => cache.reserve(nonce))).toEqual(['known', 'known'])
    pass(100)
    expect(['a', 'b'].map((nonce) => cache.reserve(nonce))).toEqual(['reserved', 'reserved'])
  })

  test('does not know one that was given back', () => {
    const { cache, pass } = create(1)
    cache.reserve('a')
    pass(500)
    cache.release('a')
    cache.release('b')
    expect(cache.reserve('a')).toBe('reserved')
  })

  test('says when it is full, instead of forgetting one that is fresh; what is old makes room', () => {
    const { cache, pass } = create(2)
    cache.reserve('a')
    pass(400)
    cache.reserve('b')
    expect(cache.reserve('c')).toBe('full')
    expect(['a', 'b'].map((nonce) => cache.reserve(nonce))).toEqual(['known', 'known'])
    pass(500)
    expect(cache.reserve('c')).toBe('reserved')
    expect(cache.reserve('b')).toBe('known')
  })

  test('forgets none of many', () => {
    const { cache, pass } = create(10_000)
    const all = Array.from({ length: 5_000 }, (_, i) => `nonce ${i}`)
    const first = all.map((nonce) => {
      pass(0.1)
      return cache.reserve(nonce)
    })
    expect(new Set(first)).toEqual(new Set(['reserved']))
    expect(new Set(all.map((nonce) => cache.reserve(nonce)))).toEqual(new Set(['known']))
  })

  test('takes and gives back any number', () => {
    const { cache } = create(3)
    const outcomes = new Set<string>()
    for (let i = 0; i < 20_000; i++) {
      outcomes.add(cache.reserve(`nonce ${i}`))
      cache.release(`nonce ${i}`)
    }
    expect(outcomes).toEqual(new Set(['reserved']))
    expect(cache.reserve('nonce 0')).toBe('reserved')
    expect(cache.reserve('nonce 0')).toBe('known')
  })

  test('its fingerprints are those of a Set', () => {
    const half = fc.integer({ min: 0, max: 4 }).map((n) => [0, 1, 2, 0xffff_ffff, 0x400][n] as number)
    const steps = fc.array(fc.tuple(fc.boolean(), half, half), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (sequence) => {
        const ours = new FingerprintSet()
        const theirs = new Set<string>()
        for (const [add, high, low] of sequence) {
          // A first half of 0 is taken for 1.
          const name = `${high || 1} ${low}`
          expect(ours.has(high, low)).toBe(theirs.has(name))
          if (!add) expect(ours.delete(high, low)).toBe(theirs.delete(name))
          else if (!theirs.has(name)) {
            ours.add(high, low)
            theirs.add(name)
          }
        }
      }),
    )
  })
})
