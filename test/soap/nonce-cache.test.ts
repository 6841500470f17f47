import { createNonceCache } from '../../src/soap/nonce-cache.ts'

describe('the memory of nonces', () => {
  function create(capacity = 10) {
    let time = 0
    const cache = createNonceCache({ capacity, keepMs: 100, now: () => time })
    return {
      cache,
      pass(milliseconds: number) {
        time += milliseconds
      },
    }
  }

  test('knows a nonce for as long as it was told, and then no more', () => {
    const { cache, pass } = create()
    expect(cache.reserve('a')).toBe('reserved')
    pass(99)
    expect(cache.reserve('a')).toBe('known')
    pass(1)
    expect(cache.reserve('a')).toBe('reserved')
  })

  test('does not know one that was given back', () => {
    const { cache } = create()
    cache.reserve('a')
    cache.release('a')
    expect(cache.reserve('a')).toBe('reserved')
  })

  test('says when it is full, instead of forgetting one that is fresh; what is old makes room', () => {
    const { cache, pass } = create(2)
    cache.reserve('a')
    pass(50)
    cache.reserve('b')
    expect(cache.reserve('c')).toBe('full')
    expect(['a', 'b'].map((nonce) => cache.reserve(nonce))).toEqual(['known', 'known'])
    pass(50)
    expect(cache.reserve('c')).toBe('reserved')
    expect(cache.reserve('b')).toBe('known')
  })
})
