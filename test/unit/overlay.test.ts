import fc from 'fast-check'
import { Overlay } from '../../src/backend/lmdb/overlay.ts'

describe('an overlay', () => {
  const bytes = (...values: number[]): string => String.fromCharCode(...values)

  test('holds what was put and what was removed, and nothing else', () => {
    const overlay = new Overlay()
    const record = Buffer.from('record')
    overlay.set('romeo', record)
    overlay.set('juliet', undefined)
    expect([overlay.has('romeo'), overlay.get('romeo')]).toEqual([true, record])
    expect([overlay.has('juliet'), overlay.get('juliet')]).toEqual([true, undefined])
    expect(overlay.has('nurse')).toBe(false)
    overlay.delete('romeo')
    expect([overlay.has('romeo'), overlay.size]).toEqual([false, 1])
  })

  test('yields the keys of one account in order, however they came', () => {
    const overlay = new Overlay()
    for (const place of [3, 1, 2]) overlay.set(bytes(0, 0, 0, 7, place), Buffer.alloc(1))
    overlay.set(bytes(0, 0, 0, 8, 0), Buffer.alloc(1))
    const keys = [...overlay.keys(bytes(0, 0, 0, 7, 2), bytes(0, 0, 0, 8))]
    expect(keys).toEqual([bytes(0, 0, 0, 7, 2), bytes(0, 0, 0, 7, 3)])
  })

  test('yields any range as a sorted map would', () => {
    const key = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }).map((values) => bytes(...values))
    const change = fc.tuple(fc.boolean(), key)
    fc.assert(
      fc.property(fc.array(change), key, fc.option(key, { nil: undefined }), (changes, start, end) => {
        const overlay = new Overlay()
        const model = new Set<string>()
        for (const [put, name] of changes) {
          if (put) overlay.set(name, Buffer.alloc(1))
          else overlay.delete(name)
          if (put) model.add(name)
          else model.delete(name)
        }
        const wanted = [...model].filter((name) => name >= start && (end === undefined || name < end)).sort()
        expect([...overlay.keys(start, end)]).toEqual(wanted)
        expect(overlay.size).toBe(model.size)
      }),
    )
  })
})
