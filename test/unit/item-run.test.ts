import fc from 'fast-check'
import { ItemRun } from '../../src/backend/item-run.ts'
import type { ReceiptItem } from '../../src/domain/message.ts'
import { NONE, user } from '../support/words.ts'

const item = (seq: number): ReceiptItem => ({
  kind: 'receipt',
  seq,
  id: seq,
  ref: NONE,
  recipient: user('a'),
})
const seqs = (items: readonly ReceiptItem[]): number[] => items.map(({ seq }) => seq)

describe('a run of items', () => {
  test('covers nothing at first', () => {
    const run = new ItemRun(5)
    expect([run.from, run.through, run.length]).toEqual([5, 4, 0])
    expect(run.after(0, 10)).toEqual([])
  })

  test('covers what was pushed, and gaps up to where it was told', () => {
    const run = new ItemRun(1)
    run.push(item(2))
    run.push(item(7))
    expect(run.through).toBe(7)
    run.cover(9)
    run.cover(3)
    expect([run.from, run.through, run.length]).toEqual([1, 9, 2])
    expect(seqs(run.after(0, 10) as ReceiptItem[])).toEqual([2, 7])
    expect(seqs(run.after(2, 10) as ReceiptItem[])).toEqual([7])
    expect(seqs(run.after(0, 1) as ReceiptItem[])).toEqual([2])
  })

  test('dropped to a place, it begins behind it', () => {
    const run = new ItemRun(1)
    for (const seq of [1, 2, 3]) run.push(item(seq))
    expect(seqs(run.dropThrough(2) as ReceiptItem[])).toEqual([1, 2])
    expect([run.from, run.through, run.length]).toEqual([3, 3, 1])
    expect(run.dropThrough(1)).toEqual([])
    expect(seqs(run.dropThrough(10) as ReceiptItem[])).toEqual([3])
    expect([run.from, run.through, run.length]).toEqual([11, 10, 0])
  })

  test('does what a plain array does, whatever is pushed, read and dropped', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 2000 }) }),
      fc.record({ drop: fc.integer({ min: 0, max: 1500 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(50), (steps, after) => {
        const run = new ItemRun<ReceiptItem>(1)
        let model: number[] = []
        let last = 0
        let dropped = 0
        for (const one of steps) {
          if ('push' in one) {
            for (let i = 0; i < one.push; i++) {
              last++
              run.push(item(last))
              model.push(last)
            }
          } else {
            dropped = Math.min(last, dropped + one.drop)
            expect(seqs(run.dropThrough(dropped))).toEqual(model.filter((seq) => seq <= dropped))
            model = model.filter((seq) => seq > dropped)
          }
          expect(run.length).toBe(model.length)
          const from = dropped + after
          expect(seqs(run.after(from, 5))).toEqual(model.filter((seq) => seq > from).slice(0, 5))
        }
      }),
      { numRuns: 50 },
    )
  })
})
