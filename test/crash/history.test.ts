import { checkHistory, type HistoryEvent } from './history.ts'

const sent = (text: string, sender = 'ann', recipient = 'bob'): HistoryEvent => ({
  kind: 'sent',
  sender,
  recipient,
  text,
})
const acknowledged = (text: string, id: number): HistoryEvent => ({ kind: 'acknowledged', text, id })
const shown = (text: string, id: number, recipient = 'bob', sender = 'ann'): HistoryEvent => ({
  kind: 'shown',
  recipient,
  sender,
  text,
  id,
})
const receipt = (id: number, user = 'ann'): HistoryEvent => ({ kind: 'receipt', user, id })
const killed: HistoryEvent = { kind: 'killed' }

/** Three messages, one kill: the history that every test below spoils in one place. */
const GOOD: readonly HistoryEvent[] = [
  sent('one'),
  acknowledged('one', 0),
  sent('two'),
  acknowledged('two', 1),
  shown('one', 0),
  killed,
  receipt(0),
  sent('three'),
  acknowledged('three', 2),
  shown('two', 1),
  receipt(1),
  shown('three', 2),
  receipt(2),
]

const without = (...spoiled: HistoryEvent[]): HistoryEvent[] =>
  GOOD.filter((event) => !spoiled.some((other) => JSON.stringify(other) === JSON.stringify(event)))

test('a history in which every promise was kept has no findings', () => {
  expect(checkHistory(GOOD)).toEqual([])
})

test('a planted loss is found: acknowledged and never shown', () => {
  expect(checkHistory(without(shown('two', 1), receipt(1)))).toEqual([
    { complaint: 'acknowledged and lost', message: 'two' },
  ])
})

test('a message that was never acknowledged may be lost, and may be shown', () => {
  expect(checkHistory([...GOOD, sent('four'), killed])).toEqual([])
  expect(checkHistory([...GOOD, sent('four'), killed, shown('four', 3), receipt(3)])).toEqual([])
})

test('a refused message may have been stored, since the write failed nobody knows where, but only once', () => {
  const refused: HistoryEvent = { kind: 'refused', text: 'four' }
  const stored = [...GOOD, sent('four'), refused, shown('four', 3), receipt(3)]
  expect(checkHistory(stored)).toEqual([])
  expect(checkHistory([...stored, shown('four', 3)])).toEqual([{ complaint: 'shown twice', message: 'four' }])
})

test('a planted duplicate is found', () => {
  expect(checkHistory([...GOOD, shown('three', 2)])).toEqual([{ complaint: 'shown twice', message: 'three' }])
})

test('a message stored twice, under two ids, is found', () => {
  expect(checkHistory([...GOOD, killed, shown('three', 3)])).toContainEqual({
    complaint: 'acknowledged under two ids',
    message: 'three',
  })
})

test('a duplicate after a kill is forgiven to the original protocol only', () => {
  const repeated = [...GOOD, killed, shown('three', 2), receipt(2)]
  expect(checkHistory(repeated)).toEqual([
    { complaint: 'shown twice', message: 'three' },
    { complaint: 'receipt twice', message: 'three' },
  ])
  expect(checkHistory(repeated, { mayRepeatAfterKill: () => true })).toEqual([])
  expect(checkHistory(repeated, { mayRepeatAfterKill: (user) => user === 'ann' })).toEqual([
    { complaint: 'shown twice', message: 'three' },
  ])
})

test('what is repeated after a kill is repeated in order', () => {
  const repeated = [...GOOD, killed, shown('three', 2), shown('two', 1)]
  expect(checkHistory(repeated, { mayRepeatAfterKill: () => true })).toEqual([
    { complaint: 'out of order', message: 'two' },
  ])
})

test('a duplicate without a kill is never forgiven', () => {
  expect(checkHistory([...GOOD, shown('three', 2)], { mayRepeatAfterKill: () => true })).toEqual([
    { complaint: 'shown twice', message: 'three' },
  ])
})

test('a planted reorder is found, within a pair', () => {
  const swapped = [sent('one'), sent('two'), shown('two', 1), receipt(1), shown('one', 0), receipt(0)]
  expect(checkHistory(swapped)).toEqual([{ complaint: 'out of order', message: 'one' }])
})

test('messages of different senders, or to different recipients, have no order', () => {
  const crossed = [
    sent('one'),
    sent('two', 'cat'),
    sent('three', 'ann', 'dan'),
    shown('three', 2, 'dan'),
    receipt(2),
    shown('two', 1, 'bob', 'cat'),
    receipt(1, 'cat'),
    shown('one', 0),
    receipt(0),
  ]
  expect(checkHistory(crossed)).toEqual([])
})

test('a receipt for a message that nobody was shown is found', () => {
  expect(checkHistory([sent('one'), acknowledged('one', 0), receipt(0), shown('one', 0)])).toContainEqual({
    complaint: 'receipt before delivery',
    message: 'one',
  })
})

test('a receipt that went to somebody else is found', () => {
  expect(checkHistory([...without(receipt(2)), receipt(2, 'bob')])).toEqual([
    { complaint: 'receipt before delivery', message: 'three' },
    { complaint: 'receipt lost', message: 'three' },
  ])
})

test('a lost receipt is found', () => {
  expect(checkHistory(without(receipt(1)))).toEqual([{ complaint: 'receipt lost', message: 'two' }])
})

test('a receipt that came twice is found', () => {
  expect(checkHistory([...GOOD, receipt(2)])).toEqual([{ complaint: 'receipt twice', message: 'three' }])
})

test('a message that nobody sent, or that reached the wrong user, is found', () => {
  expect(checkHistory([...GOOD, shown('forged', 9)])).toEqual([
    { complaint: 'never sent', message: 'forged' },
  ])
  expect(checkHistory([...GOOD, shown('three', 2, 'eve')])).toEqual([
    { complaint: 'never sent', message: 'three' },
  ])
})

describe('of a message with a file', () => {
  const SUM = '5f2a'
  const file = (sum = SUM, text = 'rose', recipient = 'bob'): HistoryEvent => ({
    kind: 'file',
    recipient,
    text,
    file: sum,
  })
  const asked: HistoryEvent = { kind: 'sent', sender: 'ann', recipient: 'bob', text: 'rose', file: SUM }
  const before = [...GOOD, asked, acknowledged('rose', 3)]
  const kept = [...before, shown('rose', 3), file(), receipt(3)]

  test('all is well when the file comes whole, once, after its message and before the receipt, kill or not', () => {
    expect(checkHistory(kept)).toEqual([])
    expect(checkHistory([...before, shown('rose', 3), killed, file(), receipt(3)])).toEqual([])
  })

  test('one that was never acknowledged may be lost with its file, but not shown without it', () => {
    expect(checkHistory([...GOOD, asked, killed])).toEqual([])
    expect(checkHistory([...GOOD, asked, killed, shown('rose', 3)])).toContainEqual({
      complaint: 'file lost',
      message: 'rose',
    })
  })

  test('a planted loss of the file is found, and so is a receipt that says it is there', () => {
    expect(checkHistory([...before, shown('rose', 3), receipt(3)])).toEqual([
      { complaint: 'receipt before delivery', message: 'rose' },
      { complaint: 'file lost', message: 'rose' },
      { complaint: 'receipt lost', message: 'rose' },
    ])
  })

  test('a loss of both is found', () => {
    expect(checkHistory(before)).toEqual([{ complaint: 'acknowledged and lost', message: 'rose' }])
  })

  test('other bytes are found, and a file that came to somebody else, or with a message that has none', () => {
    const foreign = [file('0000'), file(SUM, 'rose', 'eve'), file(SUM, 'one')]
    for (const one of foreign) {
      expect(checkHistory([...kept, one])).toEqual([
        { complaint: 'not its file', message: one.kind === 'file' ? one.text : '' },
      ])
    }
    expect(checkHistory([...before, shown('rose', 3), file('0000')])).toContainEqual({
      complaint: 'file lost',
      message: 'rose',
    })
  })

  test('a file that came twice is found; after a kill it is forgiven to whom the message may come twice', () => {
    const twice = { complaint: 'file twice', message: 'rose' }
    expect(checkHistory([...kept, file()], { mayRepeatAfterKill: () => true })).toEqual([twice])
    expect(checkHistory([...kept, killed, file()])).toEqual([twice])
    expect(checkHistory([...kept, killed, file()], { mayRepeatAfterKill: () => true })).toEqual([])
  })

  test('a file that came before its message is found', () => {
    expect(checkHistory([...before, file(), shown('rose', 3), receipt(3)])).toEqual([
      { complaint: 'file before its message', message: 'rose' },
    ])
  })

  test('it keeps its place among the others', () => {
    const next = [sent('next'), shown('next', 4), receipt(4)]
    expect(checkHistory([...before, ...next, shown('rose', 3), file(), receipt(3)])).toEqual([
      { complaint: 'out of order', message: 'rose' },
    ])
  })
})

test('an id that two messages got is found', () => {
  expect(
    checkHistory([...GOOD, sent('four'), acknowledged('four', 2), shown('four', 2), receipt(2)]),
  ).toContainEqual({
    complaint: 'id given twice',
    message: 'four',
  })
})
