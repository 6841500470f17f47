import fc from 'fast-check'
import { Line } from '../../src/client/session-line.ts'

test('a line gives back what went in, in order, like an array', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(), fc.constantFrom('shift', 'clear'))), (steps) => {
      const line = new Line<number>()
      let model: number[] = []
      for (const step of steps) {
        if (typeof step === 'number') {
          line.push(step)
          model.push(step)
        } else if (step === 'shift') expect(line.shift()).toBe(model.shift())
        else {
          line.clear()
          model = []
        }
        expect(line.first()).toBe(model[0])
        expect(line.length).toBe(model.length)
      }
      expect([...line]).toEqual(model)
    }),
  )
})

test('a line that is never empty gives its places back all the same', () => {
  const line = new Line<number>()
  line.push(-1)
  for (let n = 0; n < 10_000; n++) {
    line.push(n)
    expect(line.shift()).toBe(n - 1)
  }
  expect([...line]).toEqual([9_999])
})
